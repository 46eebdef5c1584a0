// SPDX-License-Identifier: MIT
#pragma once

// Some of the networks, by their numbers: who a term of each network is for. Torch-free.

#include <array>
#include <cstddef>

namespace afd::topology {

/// afd::Over<afd::topology::Networks<0, 2>, Mine>: the term for networks 0 and 2 only.
template <std::size_t... Numbers>
struct Networks {
  static constexpr std::array<std::size_t, sizeof...(Numbers)> numbers{Numbers...};

  static constexpr bool contains(std::size_t network) {
    bool found = false;
    for (const std::size_t number : numbers) found = found || number == network;
    return found;
  }

  static_assert(sizeof...(Numbers) > 0, "afd: topology::Networks needs at least one number, e.g. Networks<0>");
};

}  // namespace afd::topology
