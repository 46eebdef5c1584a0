// SPDX-License-Identifier: MIT
#pragma once

// Binds a term to edges of its own, in place of the distiller's topology.

#include <type_traits>

#include <afd/strategy/term.hpp>
#include <afd/topology/topology.hpp>

namespace afd {

/// Over<topology::AllPairs<3>, MutualKL>: this term over those edges, whatever the others use. As a value:
/// Over{topology::AllPairs<3>{}, MutualKL{.temperature = 4}}.
template <Topology Top, EdgeTerm Term>
struct Over {
  [[no_unique_address]] Top topology = {};
  Term term = {};
};

template <class Top, class Term>
Over(Top, Term) -> Over<Top, Term>;

namespace detail {

/// A member of a strategy, taken apart: the term, the topology it is computed over, and in every which step.
template <class Member, class DefaultTopology>
struct BoundTerm {
  using Term = Member;
  using Topology = DefaultTopology;
  static constexpr int period = 1;
  static const Term& get(const Member& member) { return member; }
};

template <class Top, class T, class DefaultTopology>
struct BoundTerm<Over<Top, T>, DefaultTopology> {
  using Term = T;
  using Topology = Top;
  static constexpr int period = 1;
  static const Term& get(const Over<Top, T>& member) { return member.term; }
};

}  // namespace detail
}  // namespace afd
