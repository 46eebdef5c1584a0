// SPDX-License-Identifier: MIT
#pragma once

// 0 -> 1 -> ... -> K-1 -> 0: K edges however many networks (Chung et al. 2020). Torch-free.

#include <afd/topology/topology.hpp>

namespace afd::topology {

template <std::size_t K>
struct Cycle {
  static_assert(K >= 2, "afd: Cycle<K> needs at least two networks");

  static constexpr std::size_t network_count = K;
  static constexpr std::array<Edge, K> edges = [] {
    std::array<Edge, K> all{};
    for (std::size_t k = 0; k < K; ++k) all[k] = Edge{k, (k + 1) % K};
    return all;
  }();
};

static_assert(Topology<Cycle<2>> && Topology<Cycle<5>>);

}  // namespace afd::topology
