// SPDX-License-Identifier: MIT
#include <afd/strategy/over.hpp>
//
#include <type_traits>

#include <afd/strategy/adversarial.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using AllPairs = afd::topology::AllPairs<3>;
using Cycle = afd::topology::Cycle<3>;

TEST_CASE("a bound term keeps its edges, an unbound one takes the default") {
  using Bound = afd::detail::BoundTerm<afd::Over<AllPairs, afd::MutualKL>, Cycle>;
  static_assert(std::is_same_v<Bound::Topology, AllPairs> && std::is_same_v<Bound::Term, afd::MutualKL>);
  using Unbound = afd::detail::BoundTerm<afd::Adversarial<>, Cycle>;
  static_assert(std::is_same_v<Unbound::Topology, Cycle> && std::is_same_v<Unbound::Term, afd::Adversarial<>>);

  const afd::Over over{AllPairs{}, afd::MutualKL{.temperature = 4}};
  static_assert(std::is_same_v<decltype(over), const afd::Over<AllPairs, afd::MutualKL>>);
  CHECK(Bound::get(over).temperature == 4);
  const afd::Adversarial<> term{.weight = 2};
  CHECK(Unbound::get(term).weight == 2);
}

TEST_SUITE_END();
