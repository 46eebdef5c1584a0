// SPDX-License-Identifier: MIT
// Whole steps on an accelerator, where one is present: the same code, the same results up to rounding.
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

namespace {

template <class Options>
std::vector<torch::Tensor> trained(torch::Device device, const Options& options) {
  torch::manual_seed(4);
  const afd::PlainCnnOptions small{.widths = {4, 6}, .classes = 4}, large{.widths = {4, 8}, .classes = 4};
  afd::PlainCnn a(small), b(large);
  const afd::Batch batch{torch::randn({8, 1, 8, 8}), torch::arange(8, torch::kInt64).remainder(4)};
  a->to(device);
  b->to(device);
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  for (int i = 0; i < 3; ++i) distiller.step(afd::Batch{batch.inputs.to(device), batch.targets.to(device)});
  std::vector<torch::Tensor> all;
  for (const auto& parameter : a->parameters()) all.push_back(parameter.detach().to(torch::kCPU));
  for (const auto& module : distiller.cohort().edges().modules())
    for (const auto& parameter : module->parameters()) CHECK(parameter.device() == device);
  return all;
}

void check_same_as_on_cpu(torch::Device device) {
  const auto compare = [&](const auto& options, double tolerance) {
    const auto here = trained(torch::kCPU, options), there = trained(device, options);
    for (std::size_t i = 0; i < here.size(); ++i) CHECK(torch::allclose(here[i], there[i], tolerance, tolerance));
  };
  compare(afd::DistillerOptions{}, 1e-3);
  compare(afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 1.0, .accumulate = 2}}, 1e-3);
  compare(afd::DistillerOptions{.order = afd::DiscriminatorFirst{}}, 1e-3);
  compare(afd::DistillerOptions{.layout = afd::Layout::channels_last}, 1e-3);
  compare(afd::DistillerOptions{.precision = afd::Precision::bfloat16}, 5e-2);
}

}  // namespace

// The check itself is run everywhere, so that it cannot rot where there is no accelerator.
TEST_CASE("steps on the CPU are those on the CPU") {
  check_same_as_on_cpu(torch::kCPU);
}

TEST_CASE("steps on CUDA are those on the CPU" * doctest::skip(!torch::cuda::is_available())) {
  check_same_as_on_cpu(torch::kCUDA);
}

TEST_SUITE_END();
