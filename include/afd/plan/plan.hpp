// SPDX-License-Identifier: MIT
#pragma once

// Everything about a distillation that is known at compile time: who is trained by which term over which edges.

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include <afd/detail/for_each_index.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/network.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/topology.hpp>

namespace afd::detail {

/// Nets are network handles.
template <class Top, class Strat, class... Nets>
struct Plan {
  using Networks = std::tuple<Nets...>;
  using Strategy = Strat;

  template <std::size_t T>
  using Bound = BoundTerm<typename Strat::template Member<T>, Top>;
  template <std::size_t T>
  using Term = typename Bound<T>::Term;
  template <std::size_t T>
  using TermTopology = typename Bound<T>::Topology;

  /// Term T is computed in every `period`-th step.
  template <std::size_t T>
  static constexpr int period = Bound<T>::period;

  static constexpr std::size_t network_count = sizeof...(Nets);
  static constexpr std::size_t term_count = Strat::size;
  static constexpr std::array<bool, network_count> frozen{is_frozen<Nets>...};

  template <std::size_t T>
  static constexpr bool is_edge_term = EdgeTerm<Term<T>>;

  /// A term of each student with all its teachers, not of each edge.
  template <std::size_t T>
  static constexpr bool is_group_term = ComparesGroup<Term<T>>;

  /// Whether term T has a loss of network k as a whole.
  template <std::size_t T>
  static constexpr bool has_network_loss(std::size_t network) {
    if constexpr (is_group_term<T>) {
      return learns<TermTopology<T>>(network);
    } else {
      return !is_edge_term<T> && !frozen[network];
    }
  }

  /// How many edges term T has: 0 for a term of each network.
  template <std::size_t T>
  static constexpr std::size_t edge_count = [] {
    if constexpr (is_edge_term<T>) return afd::edge_count<TermTopology<T>>;
    return std::size_t{0};
  }();

  /// How many discriminators come before those of term T.
  template <std::size_t T>
  static constexpr std::size_t first_discriminator = [] {
    std::size_t count = 0;
    for_each_index<T>([&](auto t) {
      if constexpr (AdversarialTerm<Term<t>>) count += edge_count<t>;
    });
    return count;
  }();
  static constexpr std::size_t discriminator_count = first_discriminator<term_count>;

  template <std::size_t T>
  static constexpr bool topology_fits = [] {
    if constexpr (is_edge_term<T>) return TermTopology<T>::network_count == network_count;
    return true;
  }();

  /// Whether network k is updated by a term of that level.
  static constexpr bool trains(std::size_t network, Level level) {
    bool found = false;
    for_each_index<term_count>([&](auto t) {
      if (Term<t>::level != level || frozen[network]) return;
      if constexpr (is_edge_term<t>) {
        found = found || learns<TermTopology<t>>(network);
      } else {
        found = true;
      }
    });
    return found;
  }

  static constexpr bool trains_somebody(Level level) {
    for (std::size_t k = 0; k < network_count; ++k)
      if (trains(k, level)) return true;
    return false;
  }

  /// body(edge, teacher), as constants, for every edge of term T that ends at network K.
  template <std::size_t T, std::size_t K, class Body>
  static constexpr void for_each_edge_to(Body&& body) {
    for_each_index<edge_count<T>>([&](auto e) {
      constexpr Edge edge = TermTopology<T>::edges[e];
      if constexpr (edge.student == K) body(e, Index<edge.teacher>{});
    });
  }

  /// Whether every loss is computed in every step.
  static constexpr bool computes_all() {
    bool all = true;
    for_each_index<term_count>([&](auto t) { all = all && period<t> == 1; });
    return all;
  }

  static constexpr bool has_frozen_student() {
    bool found = false;
    for_each_index<term_count>([&](auto t) {
      if constexpr (is_edge_term<t>) {
        for (const Edge& edge : TermTopology<t>::edges) found = found || frozen[edge.student];
      }
    });
    return found;
  }

  static constexpr bool has_idle_network() {
    for (std::size_t k = 0; k < network_count; ++k)
      if (!frozen[k] && !trains(k, Level::logit) && !trains(k, Level::feature)) return true;
    return false;
  }

  /// How many losses the terms before T report.
  template <std::size_t T>
  static constexpr std::size_t first_entry = [] {
    std::size_t count = 0;
    for_each_index<T>([&](auto t) {
      if constexpr (is_edge_term<t> && !is_group_term<t>) {
        count += edge_count<t> * (AdversarialTerm<Term<t>> ? 2 : 1);
      } else {
        for (std::size_t k = 0; k < network_count; ++k)
          if (has_network_loss<t>(k)) ++count;
      }
    });
    return count;
  }();
  static constexpr std::size_t entry_count = first_entry<term_count>;

  /// Where the losses of term T are among them: of a network, of an edge, of its discriminator.
  template <std::size_t T>
  static constexpr std::size_t network_entry(std::size_t network) {
    std::size_t entry = first_entry<T>;
    for (std::size_t k = 0; k < network; ++k)
      if (has_network_loss<T>(k)) ++entry;
    return entry;
  }
  template <std::size_t T, std::size_t E>
  static constexpr std::size_t edge_entry = first_entry<T> + E * (AdversarialTerm<Term<T>> ? 2 : 1);
  template <std::size_t T, std::size_t E>
  static constexpr std::size_t discriminator_entry = edge_entry<T, E> + 1;

  /// Every loss of a step, term by term; a term's by network or by edge, a discriminator's after its edge's.
  static constexpr std::array<LossEntry, entry_count> entries = [] {
    std::array<LossEntry, entry_count> all{};
    std::size_t next = 0;
    for_each_index<term_count>([&](auto t) {
      if constexpr (is_edge_term<t> && !is_group_term<t>) {
        for (const Edge& edge : TermTopology<t>::edges) {
          all[next++] = {Term<t>::name, LossKind::edge, edge.student, edge.teacher};
          if constexpr (AdversarialTerm<Term<t>>) {
            all[next++] = {Term<t>::name, LossKind::discriminator, edge.student, edge.teacher};
          }
        }
      } else {
        for (std::size_t k = 0; k < network_count; ++k)
          if (has_network_loss<t>(k)) all[next++] = {Term<t>::name, LossKind::network, k, k};
      }
    });
    return all;
  }();
};

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
                  "Distiller was given");
    if constexpr (count && counts) {
      constexpr bool frozen_student = P::has_frozen_student(), idle = P::has_idle_network();
      static_assert(!frozen_student,
                    "afd: a frozen network is the student of an edge, but it is never updated; let it teach only "
                    "(afd::topology::OneWay, afd::topology::Star<K> with the teacher first), or do not freeze it");
      static_assert(frozen_student || !idle,
                    "afd: no term of the strategy trains one of the networks; give it afd::CrossEntropy or an edge "
                    "to learn by, or wrap it in afd::frozen(...)");
      return !frozen_student && !idle;
    }
    return false;
  }
}

}  // namespace afd::detail
