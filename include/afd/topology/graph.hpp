// SPDX-License-Identifier: MIT
#pragma once

// A topology of the user's own edges: Graph<3, Edge{0, 1}, Edge{1, 2}>. It may leave networks out. Torch-free.

#include <afd/topology/topology.hpp>

namespace afd::topology {

/// K networks, numbered from 0, and the edges teacher -> student between them.
template <std::size_t K, Edge... Edges>
struct Graph {
  static constexpr std::size_t network_count = K;
  static constexpr std::array<Edge, sizeof...(Edges)> edges{Edges...};

  static_assert(K >= 1, "afd: a topology needs at least one network");
  static_assert(afd::detail::in_range(edges, K),
                "afd: an edge names a network outside 0 .. K-1 (networks are numbered from 0)");
  static_assert(afd::detail::without_self_edges(edges),
                "afd: a self-edge: a network cannot teach itself; teacher and student of an edge must differ");
  static_assert(afd::detail::without_duplicates(edges), "afd: an edge is given twice");
};

static_assert(Topology<Graph<2, Edge{0, 1}>>);

}  // namespace afd::topology
