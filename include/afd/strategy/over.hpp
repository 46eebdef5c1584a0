// SPDX-License-Identifier: MIT
#pragma once

// Binds a term to edges or networks of its own, in place of the distiller's topology.

#include <cstddef>
#include <type_traits>

#include <afd/strategy/bound_term.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/topology.hpp>

namespace afd {

namespace detail {

template <class T>
inline constexpr bool is_networks = false;
template <std::size_t... Numbers>
inline constexpr bool is_networks<topology::Networks<Numbers...>> = true;

}  // namespace detail

/// Over<topology::AllPairs<3>, MutualKL>: this term over those edges, whatever the others use; a graph may leave
/// networks out. Over<topology::Networks<0, 2>, CrossEntropy>: a term of each network, for these. As a value:
/// Over{topology::AllPairs<3>{}, MutualKL{.temperature = 4}}. M: a LossTerm, or one in another wrapper.
template <class Top, class M>
struct Over {
  using Bound = detail::BoundTerm<M, void>;
  static constexpr bool of_networks = detail::is_networks<Top>, of_edges = Topology<Top>;
  static_assert(of_networks || of_edges,
                "afd: Over<T, Term> needs a topology, e.g. afd::topology::AllPairs<3>, or for a term of each network "
                "afd::topology::Networks<0, 2>");
  static_assert(!of_networks || !EdgeTerm<typename Bound::Term>,
                "afd: a term of edges is given Networks with Over; give it edges, e.g. "
                "afd::topology::Graph<3, afd::Edge{0, 2}>");
  static_assert(!of_edges || !NetworkTerm<typename Bound::Term>,
                "afd: a term of each network is given edges with Over; give it afd::topology::Networks<0, 2>");
  static_assert(!Bound::has_over, "afd: a term is in Over twice; once says over which edges or networks");

  [[no_unique_address]] Top topology = {};
  M term = {};
};

template <class Top, class M>
Over(Top, M) -> Over<Top, M>;

namespace detail {

template <class Top, class M, class DefaultTopology>
struct BoundTerm<Over<Top, M>, DefaultTopology> : WrappedTerm<Over<Top, M>, M, DefaultTopology> {
  using Topology = std::conditional_t<is_networks<Top>, DefaultTopology, Top>;
  using Networks = std::conditional_t<is_networks<Top>, Top, AllNetworks>;
  static constexpr bool has_over = true;
};

}  // namespace detail
}  // namespace afd
