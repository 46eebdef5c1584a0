// SPDX-License-Identifier: MIT
#include <afd/strategy/every.hpp>
//
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd_test::Recorder;
using afd_test::tiny_batch;
using afd_test::tiny_network;

namespace {

using AllPairs = afd::topology::AllPairs<3>;
using Bound = afd::detail::BoundTerm<afd::Every<4, afd::Over<AllPairs, afd::MutualKL>>, afd::topology::Pair>;
static_assert(Bound::period == 4);
static_assert(std::is_same_v<Bound::Term, afd::MutualKL>);
static_assert(std::is_same_v<Bound::Topology, AllPairs>);
static_assert(afd::detail::BoundTerm<afd::MutualKL, afd::topology::Pair>::period == 1);
using Inside = afd::detail::BoundTerm<afd::Over<AllPairs, afd::Every<4, afd::MutualKL>>, afd::topology::Pair>;
static_assert(Inside::period == 4 && std::is_same_v<Inside::Topology, AllPairs>);
static_assert(afd::detail::BoundTerm<afd::Every<1, afd::MutualKL>, afd::topology::Pair>::period == 1);
static_assert(afd::detail::BoundTerm<afd::Every<1, afd::MutualKL>, afd::topology::Pair>::name() == "mutual_kl");
static_assert(afd::StrategyMember<afd::Every<2, afd::Adversarial<>>>);
static_assert(!afd::StrategyMember<afd::Every<2, int>>);

using Sparse = afd::Strategy<afd::CrossEntropy, afd::MutualKL, afd::Every<3, afd::Adversarial<>>>;
using Dense = afd::AdversarialFeatureDistillation;

}  // namespace

TEST_CASE("the term keeps its values") {
  const afd::Every<2, afd::MutualKL> every{.term = {.temperature = 5}};
  using B = afd::detail::BoundTerm<afd::Every<2, afd::MutualKL>, afd::topology::Pair>;
  CHECK(B::get(every).temperature == 5);
}

TEST_CASE("the term is computed in every third step; in between what only it trains rests") {
  auto a = tiny_network(), b = tiny_network();
  const Recorder logit, feature, discriminator;
  afd::Distiller distiller{afd::topology::Pair{}, Sparse{},
                           afd::DistillerOptions{.logit = logit, .feature = feature, .discriminator = discriminator}, a,
                           b};
  for (int step = 0; step < 7; ++step) {
    const auto report = distiller.step(tiny_batch());
    const bool due = step % 3 == 0;
    CHECK(std::isfinite(report.value("mutual_kl", 0, 1)));
    CHECK(std::isnan(report.value("adversarial", 0, 1)) != due);
    CHECK(std::isnan(report.discriminator_value("adversarial", 1, 0)) != due);
  }
  for (const std::size_t k : {0U, 1U}) {
    CHECK(logit[k].steps == 7);
    CHECK(feature[k].steps == 3);
    CHECK(discriminator[k].steps == 3);
  }
}

TEST_CASE("a step in which it is due is the step without Every, one in which it is not is that of the other terms") {
  const auto weights_after = [](auto strategy, int steps) {
    torch::manual_seed(3);
    auto a = tiny_network(), b = tiny_network();
    afd::Distiller distiller{afd::topology::Pair{}, strategy, a, b};
    for (int i = 0; i < steps; ++i) distiller.step(tiny_batch());
    return afd_test::state_of(*a);
  };
  const auto equal = [](const auto& x, const auto& y) {
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!torch::equal(x[i], y[i])) return false;
    return true;
  };
  CHECK(equal(weights_after(Sparse{}, 1), weights_after(Dense{}, 1)));
  CHECK_FALSE(equal(weights_after(Sparse{}, 2), weights_after(Dense{}, 2)));

  // A discriminator rests until its term is due again.
  torch::manual_seed(3);
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller sparse{afd::topology::Pair{}, Sparse{}, a, b};
  sparse.step(tiny_batch());
  const auto modules = sparse.cohort().edges().modules();
  const auto discriminator_before = afd_test::state_of(*modules.back());
  sparse.step(tiny_batch());
  sparse.step(tiny_batch());
  CHECK(afd_test::same_state(*modules.back(), discriminator_before));
  sparse.step(tiny_batch());
  CHECK_FALSE(afd_test::same_state(*modules.back(), discriminator_before));
}

TEST_CASE("a skipped step does not count") {
  afd_test::Probe a, b;
  const Recorder logit, feature, discriminator;
  afd::Distiller distiller{
      afd::topology::Pair{}, Sparse{},
      afd::DistillerOptions{
          .logit = logit, .feature = feature, .discriminator = discriminator, .non_finite = afd::SkipNonFinite{}},
      a, b};
  a->scale = std::numeric_limits<double>::infinity();
  CHECK(distiller.step(tiny_batch()).skipped);
  a->scale = 1;
  distiller.step(tiny_batch());
  CHECK(feature[0].steps == 1);
  distiller.step(tiny_batch());
  CHECK(feature[0].steps == 1);
}

TEST_CASE("an epoch's mean is over the steps in which the loss was computed") {
  auto a = tiny_network(), b = tiny_network();
  const Recorder still;
  afd::Distiller distiller{afd::topology::Pair{}, Sparse{},
                           afd::DistillerOptions{.logit = still, .feature = still, .discriminator = still}, a, b};
  const afd::Batch batch = tiny_batch();
  const auto result = afd::Trainer{distiller, {.epochs = 1}}.fit(std::vector<afd::Batch>(5, batch));
  const auto& history = result.history;
  const auto value = [&](const std::string& column) {
    for (std::size_t i = 0; i < history.columns().size(); ++i)
      if (history.columns()[i] == column) return history.rows().back()[i];
    return std::nan("");
  };
  // Nothing moves and every batch is the same, so a mean is the value itself.
  const auto report =
      afd::Distiller{afd::topology::Pair{}, Dense{},
                     afd::DistillerOptions{.logit = still, .feature = still, .discriminator = still}, a, b}
          .step(batch);
  CHECK(value("train_mutual_kl_0_to_1") == doctest::Approx(report.value("mutual_kl", 0, 1)));
  CHECK(std::isfinite(value("train_adversarial_0_to_1")));
  CHECK(value("train_adversarial_0_to_1") > 0);
  CHECK(value("train_adversarial_0_to_1") < 1);
}

TEST_SUITE_END();
