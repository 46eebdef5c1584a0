// SPDX-License-Identifier: MIT
#pragma once

// Everything about a distillation that is known at compile time: who is trained by which term over which edges.

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

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

  /// What reports call term T.
  template <std::size_t T>
  static constexpr std::string_view name = Bound<T>::name();

  /// Term T is computed in every `period`-th step.
  template <std::size_t T>
  static constexpr int period = Bound<T>::period;

  /// Whether term T of each network is one of network k's.
  template <std::size_t T>
  static constexpr bool is_for(std::size_t network) {
    return !frozen[network] && Bound<T>::Networks::contains(network);
  }

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
      return !is_edge_term<T> && is_for<T>(network);
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

  /// Whether term T is about networks that there are.
  template <std::size_t T>
  static constexpr bool topology_fits = [] {
    if constexpr (is_edge_term<T>) {
      return TermTopology<T>::network_count == network_count;
    } else if constexpr (requires { Bound<T>::Networks::numbers; }) {
      for (const std::size_t number : Bound<T>::Networks::numbers)
        if (number >= network_count) return false;
    }
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
        found = found || is_for<t>(network);
      }
    });
    return found;
  }

  /// Whether there is a discriminator on an edge that ends at network k.
  static constexpr bool has_discriminators_to(std::size_t network) {
    bool found = false;
    for_each_index<term_count>([&](auto t) {
      if constexpr (AdversarialTerm<Term<t>>) found = found || learns<TermTopology<t>>(network);
    });
    return found;
  }

  /// Whether any term looks at network k, as a student, as a teacher or by itself.
  static constexpr bool is_read(std::size_t network) {
    bool found = false;
    for_each_index<term_count>([&](auto t) {
      if constexpr (is_edge_term<t>) {
        found = found || learns<TermTopology<t>>(network) || teaches<TermTopology<t>>(network);
      } else {
        found = found || is_for<t>(network);
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

  /// In how many steps every term is computed at least once.
  static constexpr int longest_period() {
    int longest = 1;
    for_each_index<term_count>([&](auto t) { longest = period<t> > longest ? period<t> : longest; });
    return longest;
  }

  static constexpr bool has_frozen_student() {
    bool found = false;
    for_each_index<term_count>([&](auto t) {
      if constexpr (is_edge_term<t>) {
        for (const Edge& edge : TermTopology<t>::edges) found = found || frozen[edge.student];
      } else if constexpr (requires { Bound<t>::Networks::numbers; }) {
        for (const std::size_t number : Bound<t>::Networks::numbers) found = found || frozen[number];
      }
    });
    return found;
  }

  /// Whether a term of edges has none to be computed over.
  static constexpr bool has_term_without_edges() {
    bool found = false;
    for_each_index<term_count>([&](auto t) { found = found || (is_edge_term<t> && edge_count<t> == 0); });
    return found;
  }

  /// Whether two terms have the same name.
  static constexpr bool has_namesakes() {
    bool found = false;
    for_each_index<term_count>(
        [&](auto t) { for_each_index<t>([&](auto earlier) { found = found || name<t> == name<earlier>; }); });
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
          all[next++] = {name<t>, LossKind::edge, edge.student, edge.teacher};
          if constexpr (AdversarialTerm<Term<t>>) {
            all[next++] = {name<t>, LossKind::discriminator, edge.student, edge.teacher};
          }
        }
      } else {
        for (std::size_t k = 0; k < network_count; ++k)
          if (has_network_loss<t>(k)) all[next++] = {name<t>, LossKind::network, k, k};
      }
    });
    return all;
  }();
};

}  // namespace afd::detail
