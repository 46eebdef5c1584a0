// SPDX-License-Identifier: MIT
#include <afd/step/losses.hpp>
//
#include <string>
#include <string_view>

#include <afd/network/frozen.hpp>
#include <afd/plan/plan.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd::detail::DueTerms;
using afd::detail::Index;
using afd_test::Probe;
using torch::Tensor;

namespace {

using Recipe = afd::Strategy<afd::CrossEntropy, afd::Every<3, afd::MutualKL>, afd::AttentionTransfer>;
using Plan = afd::detail::Plan<afd::topology::Pair, Recipe, Probe, Probe>;
using Readings = afd::detail::Readings<Plan, afd::Batch>;
using Losses = afd::detail::Losses<Plan, afd::Batch, false>;

/// A loss that LibTorch cannot compute.
struct Mismatch {
  static constexpr std::string_view name = "mismatch";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1.0;
  Tensor view(const Tensor& logits) const { return logits; }
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return (student + teacher.narrow(0, 0, 2)).mean(); }
};

}  // namespace

TEST_CASE("terms are due by their period") {
  CHECK(DueTerms<Plan>{0}(Index<1>{}));
  CHECK_FALSE(DueTerms<Plan>{1}(Index<1>{}));
  CHECK_FALSE(DueTerms<Plan>{2}(Index<1>{}));
  CHECK(DueTerms<Plan>{3}(Index<1>{}));
  CHECK(DueTerms<Plan>{1}(Index<0>{}));
}

TEST_CASE("sums are weighted by level; what is not due is undefined") {
  torch::manual_seed(0);
  Probe a, b;
  const afd::Batch batch = afd_test::tiny_batch();
  const Recipe recipe;
  afd::detail::Edges<Plan> edges(recipe, {});
  Readings readings;
  const DueTerms<Plan> second{1};
  readings.read<0>(recipe, a->forward(batch.inputs), 6, second);
  readings.read<1>(recipe, b->forward(batch.inputs), 6, second);
  Losses losses(recipe, edges, readings, second);
  losses.compute<1>(batch.targets);
  const Tensor& ce = losses.all()[Plan::network_entry<0>(1)];
  const Tensor& at = losses.all()[Plan::edge_entry<2, 0>];
  CHECK(torch::equal(losses.logit(1), ce));
  CHECK(torch::allclose(losses.feature(1), 1000 * at));
  CHECK_FALSE(losses.all()[Plan::edge_entry<1, 0>].defined());
  CHECK_FALSE(losses.logit(0).defined());
}

TEST_CASE("a loss that LibTorch cannot compute is named by its edge, and changes nothing") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Mismatch>{}, a, b};
  CHECK_THROWS_WITH_AS(distiller.step(afd_test::tiny_batch()),
                       doctest::Contains("edge 1 -> 0, term mismatch: LibTorch says: "), afd::ShapeError);
}

TEST_SUITE_END();
