// SPDX-License-Identifier: MIT
#include <afd/step/rehearsal.hpp>
//
#include <memory>
#include <string_view>
#include <vector>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::Probe;
using torch::Tensor;

namespace {

/// Counts its forwards in a buffer and draws in each, in eval mode, too.
struct RestlessImpl : torch::nn::Module {
  RestlessImpl() : inner(register_module("inner", Probe())), calls(register_buffer("calls", torch::zeros({1}))) {}
  afd::Outputs forward(const Tensor& images) {
    calls.add_(1);
    return inner->forward(images + 0 * torch::randn({1}, torch::kDouble));
  }
  Probe inner;
  Tensor calls;
};
TORCH_MODULE(Restless);

/// A distance between samples of a batch: there are none in a batch of one.
struct Relations {
  static constexpr std::string_view name = "relations";
  static constexpr afd::Level level = afd::Level::feature;
  using Reads = afd::Features;
  double weight = 1.0;
  Tensor view(const Tensor& features) const {
    const Tensor rows = features.flatten(1);
    TORCH_CHECK(rows.size(0) > 1, "relations need two samples");
    return torch::pdist(rows) + 1e-6;
  }
  Tensor loss(const Tensor& student, const Tensor& teacher) const {
    return (student / student.mean() - teacher / teacher.mean()).square().mean();
  }
};

using Recipe = afd::AdversarialFeatureDistillation;
using Plan = afd::detail::Plan<afd::topology::Pair, Recipe, Restless, Restless>;

}  // namespace

TEST_CASE("a look at the first batch leaves modes, buffers and random numbers as they were") {
  Restless a, b;
  b->inner->norm->eval();
  torch::manual_seed(3);
  const auto before = afd_test::state_of(*a);
  const std::tuple networks{a, b};
  const Recipe recipe;
  const afd::Batch batch = afd_test::tiny_batch();
  torch::manual_seed(4);
  const afd::detail::Rehearsal<Plan, afd::Batch> rehearsal(networks, recipe, afd::Precision::full, batch);
  const Tensor drawn = torch::randn({3});
  torch::manual_seed(4);
  CHECK(torch::equal(drawn, torch::randn({3})));
  CHECK(afd_test::same_state(*a, before));
  CHECK(a->inner->seen.forwards == 1);
  CHECK_FALSE(a->inner->seen.with_graph);
  CHECK_FALSE(a->inner->seen.training);
  CHECK(a->is_training());
  CHECK_FALSE(b->inner->norm->is_training());
  const auto shapes = rehearsal.edge_shapes();
  REQUIRE(shapes.size() == 2);
  CHECK((shapes[0].student == afd::FeatureShape{3, {4, 4}}));
  CHECK((shapes[0].like.dtype() == torch::kDouble));
}

TEST_CASE("costs are multiply-adds, with a backward for each level of losses") {
  Restless a, b;
  const std::tuple networks{a, b};
  const afd::Batch batch = afd_test::tiny_batch();
  const auto costs = afd::detail::Rehearsal<Plan, afd::Batch>::costs(networks, batch);
  CHECK(costs[0] == 5.0 * static_cast<double>(afd::multiply_adds(a, batch.inputs)));
}

TEST_CASE("terms that compare the samples of a batch are rehearsed with all of them") {
  torch::manual_seed(5);
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, Relations>{}, a, b};
  CHECK(std::isfinite(distiller.step(afd_test::tiny_batch()).value("relations", 0, 1)));
}

TEST_SUITE_END();
