// SPDX-License-Identifier: MIT
#include <afd/strategy/named.hpp>
//
#include <type_traits>

#include <afd/step/distiller.hpp>
#include <afd/strategy/at.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::MutualKL;
using afd::Named;
using afd::TermName;

namespace {

template <class M>
using Bound = afd::detail::BoundTerm<M, afd::topology::Pair>;

static_assert(TermName("hint").view() == "hint" && TermName("").view().empty());
static_assert(TermName("hint").is_word() && TermName("aZ_09").is_word() && TermName("_").is_word());
static_assert(!TermName("").is_word() && !TermName("two words").is_word() && !TermName("a-b").is_word());
static_assert(!TermName("a,b").is_word() && !TermName("a\n").is_word() && !TermName("ä").is_word());

static_assert(Bound<Named<"warm", MutualKL>>::name() == "warm");
static_assert(std::is_same_v<Bound<Named<"warm", MutualKL>>::Term, MutualKL>);
static_assert(Bound<afd::Every<2, Named<"warm", MutualKL>>>::name() == "warm");
static_assert(Bound<Named<"warm", afd::Every<2, MutualKL>>>::name() == "warm");
static_assert(Bound<Named<"warm", afd::At<1, MutualKL>>>::name() == "warm");
static_assert(!std::is_same_v<Named<"warm", MutualKL>, Named<"cold", MutualKL>>);
static_assert(std::is_same_v<Named<"warm", MutualKL>, Named<"warm", MutualKL>>);
static_assert(afd::StrategyMember<Named<"warm", MutualKL>> && !afd::StrategyMember<Named<"warm", int>>);

}  // namespace

TEST_CASE("a term with a name of its own is computed as without, and reported under it") {
  torch::manual_seed(1);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  const Named<"warm", MutualKL> warm{.term = {.temperature = 8}};
  CHECK(Bound<Named<"warm", MutualKL>>::get(warm).temperature == 8);
  const afd::Batch batch = afd_test::tiny_batch();
  const MutualKL plain{.temperature = 8};
  const double expected =
      plain.loss(plain.view(b->forward(batch.inputs).logits), plain.view(a->forward(batch.inputs).logits))
          .item<double>();

  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy{warm, MutualKL{}}, a, b};
  const auto report = distiller.step(batch);
  CHECK(report.value("warm", 0, 1) == doctest::Approx(expected));
  CHECK(report.value("mutual_kl", 0, 1) != report.value("warm", 0, 1));
  CHECK(report.entries[0].column() == "warm_0_to_1");
}

TEST_SUITE_END();
