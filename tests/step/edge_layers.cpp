// SPDX-License-Identifier: MIT
#include <afd/step/edge_layers.hpp>
//
#include <type_traits>

#include <torch/torch.h>

#include <afd/strategy/adversarial.hpp>
#include <afd/strategy/mutual_kl.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

static_assert(std::is_same_v<afd::detail::EdgeLayersOf<afd::MutualKL>::type, afd::detail::NoEdgeLayers>);
static_assert(std::is_same_v<afd::detail::EdgeLayersOf<afd::Adversarial<>>::type, afd::Adversarial<>::Edge>);

TEST_CASE("layers take the dtype of a network, but BatchNorm's counter stays an integer") {
  torch::nn::BatchNorm2d norm(3);
  const torch::Tensor weight = norm->weight;
  afd::detail::move_like(*norm, torch::zeros({1}, torch::kDouble));
  CHECK((norm->weight.scalar_type() == torch::kDouble));
  CHECK(norm->weight.is_same(weight));
  CHECK((norm->running_mean.scalar_type() == torch::kDouble));
  CHECK((norm->num_batches_tracked.scalar_type() == torch::kInt64));
}

TEST_SUITE_END();
