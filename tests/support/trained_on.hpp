// SPDX-License-Identifier: MIT
#pragma once

// The same small training on the CPU and on another device, in double precision.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include <afd/data/batch.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/resnet.hpp>

namespace afd_test {

inline afd::ResNet network_on(torch::Device device, std::int64_t depth = 8) {
  afd::ResNet net(afd::ResNetOptions{.depth = depth, .in_channels = 1, .width = 4});
  net->to(device);
  return net;
}

inline afd::Batch batch_on(torch::Device device, std::int64_t size = 8) {
  return {torch::randn({size, 1, 16, 16}).to(device), torch::arange(size, torch::kInt64).remainder(10).to(device)};
}

/// Parameters and statistics of a pair and its edges after three steps.
template <class Strategy, class Options>
std::vector<torch::Tensor> trained_on(torch::Device device, const Strategy& strategy, const Options& options) {
  torch::manual_seed(4);
  auto a = network_on(torch::kCPU), b = network_on(torch::kCPU, 14);
  const std::vector<afd::Batch> batches{batch_on(torch::kCPU), batch_on(torch::kCPU), batch_on(torch::kCPU, 6)};
  a->to(device, torch::kDouble);
  b->to(device, torch::kDouble);
  afd::Distiller distiller{afd::topology::Pair{}, strategy, options, a, b};
  for (const afd::Batch& batch : batches) {
    distiller.step({batch.inputs.to(device, torch::kDouble), batch.targets.to(device)});
  }
  std::vector<torch::Tensor> all;
  const auto append = [&](const torch::nn::Module& module) {
    for (const auto& tensor : module.parameters()) all.push_back(tensor.detach().cpu());
    for (const auto& tensor : module.buffers()) all.push_back(tensor.cpu());
  };
  append(*a);
  append(*b);
  for (const auto& module : distiller.cohort().edges().modules()) append(*module);
  return all;
}

/// How far any number of the training on `device` is from that on the CPU; infinity if they cannot be compared.
template <class Strategy, class Options>
double distance_from_cpu(torch::Device device, const Strategy& strategy, const Options& options) {
  const auto here = trained_on(torch::kCPU, strategy, options), there = trained_on(device, strategy, options);
  double most = here.size() == there.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i) {
    const double distance =
        (here[i].to(torch::kDouble) - there[i].to(torch::kDouble)).abs().max().template item<double>();
    most = std::isfinite(distance) ? std::max(most, distance) : INFINITY;
  }
  return most;
}

/// check(distance) for recipes and options of every kind.
template <class Check>
void each_distance_from_cpu(torch::Device device, const Check& check_distance) {
  const auto check = [&](const auto& strategy, const auto& options) {
    check_distance(distance_from_cpu(device, strategy, options));
  };
  check(afd::AdversarialFeatureDistillation{}, afd::DistillerOptions{});
  check(afd::DirectAlignmentWithKL{}, afd::DistillerOptions{.layout = afd::Layout::channels_last});
  check(afd::DeepMutualLearning{}, afd::DistillerOptions{.layout = afd::Layout::measured});
  check(afd::DeepMutualLearning{}, afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 0.5, .accumulate = 2}});
  check(afd::AttentionDistillation{}, afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 0.5, .accumulate = 2}});
  check(afd::AdversarialFeatureDistillation{},
        afd::DistillerOptions{.order = afd::DiscriminatorFirst{}, .non_finite = afd::SkipNonFinite{}});
  check(afd::AdversarialFeatureDistillation{},
        afd::DistillerOptions{.logit = afd::Sgd{.nesterov = true, .max_norm = 0.5},
                              .feature = afd::AdamW{.max_norm = 0.1},
                              .non_finite = afd::DeferNonFinite{}});
  check(afd::AdversarialFeatureDistillation{},
        afd::DistillerOptions{.execution = afd::PeerThreads{.threads = 2}, .updates = afd::JointUpdate{}});
}

}  // namespace afd_test
