// SPDX-License-Identifier: MIT
#pragma once

// Network 0 teaches all others, and learns from none. Torch-free.

#include <afd/topology/topology.hpp>

namespace afd::topology {

template <std::size_t K>
struct Star {
  static_assert(K >= 2, "afd: Star<K> needs at least two networks: a teacher and a student");

  static constexpr std::size_t network_count = K;
  static constexpr auto edges = [] {
    std::array<Edge, (K >= 2 ? K - 1 : 0)> all{};
    for (std::size_t k = 1; k < K; ++k) all[k - 1] = Edge{0, k};
    return all;
  }();
};

static_assert(Topology<Star<2>> && Topology<Star<4>>);

}  // namespace afd::topology
