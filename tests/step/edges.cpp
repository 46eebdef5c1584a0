// SPDX-License-Identifier: MIT
#include <afd/step/edges.hpp>
//
#include <type_traits>
#include <vector>

#include <afd/plan/plan.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

using afd::detail::EdgeShape;
using afd::topology::Pair;
using Recipe = afd::Strategy<afd::CrossEntropy, afd::Adversarial<>, afd::AttentionTransfer, afd::FeatureL1>;
using Plan = afd::detail::Plan<Pair, Recipe, afd::PlainCnn, afd::PlainCnn>;
using Edges = afd::detail::Edges<Plan>;

static_assert(std::is_same_v<afd::detail::EdgeLayersOf<afd::MutualKL>::type, afd::detail::NoEdgeLayers>);
static_assert(std::is_same_v<afd::detail::EdgeLayersOf<afd::Adversarial<>>::type, afd::Adversarial<>::Edge>);
static_assert(Edges::count == 4);

TEST_CASE("layers take the dtype of a network, but BatchNorm's counter stays an integer") {
  torch::nn::BatchNorm2d norm(3);
  const torch::Tensor weight = norm->weight;
  afd::detail::move_like(*norm, torch::TensorOptions(torch::kDouble));
  CHECK((norm->weight.scalar_type() == torch::kDouble));
  CHECK(norm->weight.is_same(weight));
  CHECK((norm->running_mean.scalar_type() == torch::kDouble));
  CHECK((norm->num_batches_tracked.scalar_type() == torch::kInt64));
}

TEST_CASE("edges are made for shapes alone, in the order of terms and edges") {
  const afd::FeatureShape small{3, {4, 4}}, large{5, {2, 2}};
  const torch::TensorOptions like(torch::kDouble);
  // 0 -> 1 and 1 -> 0 of either term that has layers.
  Edges edges(Recipe{}, {{small, large, like}, {large, small, like}, {small, large, like}, {large, small, like}});
  CHECK(edges.modules().size() == 2 * 2 + 2);
  CHECK((edges.layers<1, 0>().transfer->output() == afd::FeatureShape{5, {2, 2}}));
  CHECK((edges.layers<3, 1>().transfer->output() == afd::FeatureShape{3, {2, 2}}));
  CHECK(edges.layers<1, 0>().discriminator.ptr() == edges.modules()[1]);
  for (const auto& module : edges.modules())
    for (const torch::Tensor& parameter : module->parameters()) CHECK((parameter.scalar_type() == torch::kDouble));
  CHECK(edges.shapes().size() == 4);
  CHECK((edges.shapes()[1].student == large));
}

TEST_CASE("an edge whose layers cannot be made is named") {
  const afd::FeatureShape map{3, {4, 4}}, nothing{0, {4, 4}};
  const torch::TensorOptions like;
  const auto make = [&] {
    Edges edges(Recipe{}, {{map, map, like}, {map, nothing, like}, {map, map, like}, {map, map, like}});
  };
  CHECK_THROWS_WITH_AS(make(), doctest::Contains("edge 1 -> 0, term adversarial: "), afd::ShapeError);
}

TEST_SUITE_END();
