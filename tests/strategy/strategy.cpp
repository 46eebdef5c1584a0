// SPDX-License-Identifier: MIT
#include <afd/strategy/strategy.hpp>
//
#include <type_traits>

#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::CrossEntropy;
using afd::MutualKL;
using BoundKL = afd::Over<afd::topology::Pair, MutualKL>;

static_assert(afd::StrategyMember<CrossEntropy> && afd::StrategyMember<BoundKL> && !afd::StrategyMember<int>);
static_assert(afd::StrategyMember<afd::Every<2, CrossEntropy>> && afd::StrategyMember<afd::At<1, CrossEntropy>>);
static_assert(afd::StrategyMember<afd::Against<1, CrossEntropy>> && afd::StrategyMember<afd::Named<"n", CrossEntropy>>);
static_assert(afd::StrategyMember<afd::Over<afd::topology::Networks<0>, afd::Every<2, CrossEntropy>>>);
static_assert(!afd::StrategyMember<afd::Every<2, int>> && !afd::StrategyMember<afd::Named<"n", afd::At<1, int>>>);
static_assert(afd::detail::is_strategy<afd::Strategy<CrossEntropy>> && !afd::detail::is_strategy<CrossEntropy>);

TEST_CASE("a strategy lists its terms in order, by type or by value") {
  const afd::Strategy<CrossEntropy, MutualKL> by_type;
  CHECK(by_type.get<1>().temperature == 3);
  const afd::Strategy by_value{CrossEntropy{.weight = 0.5}, MutualKL{.temperature = 1}, MutualKL{.temperature = 9}};
  static_assert(std::is_same_v<decltype(by_value), const afd::Strategy<CrossEntropy, MutualKL, MutualKL>>);
  CHECK(by_value.get<0>().weight == 0.5);
  CHECK(by_value.get<1>().temperature == 1);
  CHECK(by_value.get<2>().temperature == 9);
  const afd::Strategy bound{afd::Over{afd::topology::Pair{}, MutualKL{}}};
  static_assert(std::is_same_v<decltype(bound)::Member<0>, BoundKL>);
  static_assert(decltype(by_value)::size == 3);
}

TEST_CASE("a term may occur more than once, each in its wrappers and with its own values") {
  const afd::Strategy strategy{MutualKL{}, afd::Named<"warm", MutualKL>{{.temperature = 9}},
                               afd::Every<2, afd::Named<"cold", MutualKL>>{{{.temperature = 1}}}};
  static_assert(decltype(strategy)::size == 3);
  CHECK(strategy.get<0>().temperature == 3);
  CHECK(strategy.get<1>().term.temperature == 9);
  CHECK(strategy.get<2>().term.term.temperature == 1);
  using Last = afd::detail::BoundTerm<decltype(strategy)::Member<2>, afd::topology::Pair>;
  CHECK(Last::get(strategy.get<2>()).temperature == 1);
}

TEST_SUITE_END();
