// SPDX-License-Identifier: MIT
#pragma once

// Every network teaches every other: K (K - 1) edges. Torch-free.

#include <afd/topology/topology.hpp>

namespace afd::topology {

/// Edges are ordered by teacher, then by student.
template <std::size_t K>
struct AllPairs {
  static_assert(K >= 2, "afd: AllPairs<K> needs at least two networks");

  static constexpr std::size_t network_count = K;
  static constexpr auto edges = [] {
    std::array<Edge, (K >= 2 ? K * (K - 1) : 0)> all{};
    std::size_t next = 0;
    for (std::size_t teacher = 0; teacher < K; ++teacher)
      for (std::size_t student = 0; student < K; ++student)
        if (teacher != student) all[next++] = Edge{teacher, student};
    return all;
  }();
};

static_assert(Topology<AllPairs<2>> && Topology<AllPairs<4>>);

}  // namespace afd::topology
