// SPDX-License-Identifier: MIT
#pragma once

// Whether networks, topology and strategy fit together, as one sentence where they do not.

#include <cstddef>
#include <utility>

#include <afd/network/network.hpp>
#include <afd/plan/plan.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/strategy/weighted_edges.hpp>
#include <afd/topology/topology.hpp>

namespace afd::detail {

/// Whether a distiller can be made of these. If not, fails to compile with one sentence that says what does not fit
/// together.
template <class Top, class Strat, class... Nets>
consteval bool require_plan() {
  constexpr bool networks = (Network<Nets> && ...), topology = Topology<Top>, strategy = is_strategy<Strat>;
  if constexpr (!networks) {
    (require_network<Nets>(), ...);
    return false;
  } else if constexpr (!topology) {
    static_assert(topology,
                  "afd: the first argument of a Distiller must be a topology, e.g. afd::topology::Pair{}; see "
                  "afd/topology/topology.hpp");
    return false;
  } else if constexpr (!strategy) {
    static_assert(strategy,
                  "afd: the second argument of a Distiller must be an afd::Strategy of loss terms, e.g. "
                  "afd::Strategy<afd::CrossEntropy, afd::MutualKL>{}");
    return false;
  } else {
    using P = Plan<Top, Strat, Nets...>;
    constexpr bool count = Top::network_count == sizeof...(Nets);
    constexpr bool counts = []<std::size_t... T>(std::index_sequence<T...>) {
      return (P::template topology_fits<T> && ...);
    }(std::make_index_sequence<P::term_count>{});
    static_assert(count,
                  "afd: the topology is for another number of networks than the Distiller was given; pass one network "
                  "for each of its indices, or choose e.g. afd::topology::Cycle<3>");
    static_assert(counts || !count,
                  "afd: a term is bound with afd::Over to a topology for another number of networks than the "
                  "Distiller was given, or to networks that it has not");
    if constexpr (count && counts) {
      constexpr bool frozen_student = P::has_frozen_student(), idle = P::has_idle_network();
      constexpr bool namesakes = P::has_namesakes(), edgeless = P::has_term_without_edges();
      static_assert(
          !frozen_student,
          "afd: a frozen network is the student of an edge, or is named in afd::topology::Networks, but it is "
          "never updated; let it teach only (afd::topology::OneWay, afd::topology::Star<K> with the teacher "
          "first), or do not freeze it");
      static_assert(frozen_student || !idle,
                    "afd: no term of the strategy trains one of the networks; give it afd::CrossEntropy or an edge "
                    "to learn by, or wrap it in afd::frozen(...)");
      static_assert(frozen_student || idle || !namesakes,
                    "afd: two terms of the strategy have the same name, so reports could not tell them apart; give "
                    "them names: afd::Named<\"hint\", Term>");
      static_assert(frozen_student || idle || namesakes || !edgeless,
                    "afd: a term of edges would never be computed, for its topology has no edge; leave it out, or give "
                    "it edges with afd::Over");
      constexpr bool weighted = []<std::size_t... T>(std::index_sequence<T...>) {
        return (edge_weights_fit<typename P::template Bound<T>>(P::template edge_count<T>) && ...);
      }(std::make_index_sequence<P::term_count>{});
      static_assert(
          weighted,
          "afd: afd::WeightedEdges<N, Term> needs a weight for each edge of the term's topology, in the order "
          "of its edges, and has another number");
      return !frozen_student && !idle && !namesakes && !edgeless && weighted;
    }
    return false;
  }
}

}  // namespace afd::detail
