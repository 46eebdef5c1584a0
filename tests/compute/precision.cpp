// SPDX-License-Identifier: MIT
#include <afd/compute/precision.hpp>
//
#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("compute");

namespace {

/// Notes in which precision it ran.
struct WatchedImpl : torch::nn::Module {
  WatchedImpl() {
    register_module("conv", conv);
    register_module("norm", norm);
    register_module("head", head);
  }
  afd::Outputs forward(const torch::Tensor& inputs) {
    const torch::Tensor map = conv->forward(inputs);
    dtype = map.scalar_type();
    const torch::Tensor features = torch::relu(norm->forward(map));
    return {features, head->forward(features.mean({2, 3}))};
  }
  torch::Dtype dtype = torch::kFloat32;
  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(1, 8, 3).stride(2).padding(1)};
  torch::nn::BatchNorm2d norm{8};
  torch::nn::Linear head{8, 4};
};
TORCH_MODULE(Watched);

}  // namespace

TEST_CASE("a network's own outputs in full precision, given back as float from bfloat16") {
  torch::manual_seed(1);
  Watched network;
  const torch::Tensor inputs = torch::randn({4, 1, 8, 8});
  const afd::Outputs full = afd::detail::run_in(afd::Precision::full, network, inputs);
  CHECK((network->dtype == torch::kFloat32));
  const afd::Outputs half = afd::detail::run_in(afd::Precision::bfloat16, network, inputs);
  CHECK((network->dtype == torch::kBFloat16));
  CHECK((half.features.scalar_type() == torch::kFloat32));
  CHECK((half.logits.scalar_type() == torch::kFloat32));
  CHECK(torch::allclose(full.logits, half.logits, 0.05, 0.05));
  CHECK_FALSE(torch::equal(full.logits, half.logits));
}

TEST_CASE("a step in bfloat16 learns nearly the same, and parameters stay as they are") {
  const auto trained = [](afd::Precision precision) {
    torch::manual_seed(2);
    Watched a, b;
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                             afd::DistillerOptions{.precision = precision}, a, b};
    const afd::Batch batch{torch::randn({8, 1, 8, 8}), torch::arange(8, torch::kInt64).remainder(4)};
    for (int i = 0; i < 3; ++i) distiller.step(batch);
    CHECK((a->dtype == (precision == afd::Precision::full ? torch::kFloat32 : torch::kBFloat16)));
    return a->parameters();
  };
  const auto full = trained(afd::Precision::full), half = trained(afd::Precision::bfloat16);
  for (std::size_t i = 0; i < full.size(); ++i) {
    CHECK((half[i].scalar_type() == torch::kFloat32));
    CHECK(torch::allclose(full[i], half[i], 0.1, 0.1));
  }
}

TEST_SUITE_END();
