// SPDX-License-Identifier: MIT
#include <afd/zoo/resnet.hpp>

#include <torch/csrc/autograd/autograd.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("zoo");

namespace {

// Weights of 3x3 convolutions, two numbers per normalised channel, and the classifier.
std::int64_t expected_parameters(std::int64_t depth, std::int64_t classes, std::int64_t in_channels) {
  const std::int64_t blocks = (depth - 2) / 6;
  std::int64_t from = 16;
  std::int64_t total = 9 * in_channels * 16 + 2 * 16;
  for (const std::int64_t to : {16, 32, 64}) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      total += 9 * from * to + 9 * to * to + 4 * to;
      from = to;
    }
  }
  return total + 64 * classes + classes;
}

std::int64_t parameters(const torch::nn::Module& module) {
  std::int64_t total = 0;
  for (const auto& parameter : module.parameters()) total += parameter.numel();
  return total;
}

}  // namespace

TEST_CASE("ResNets have the parameters that their layers add up to") {
  CHECK(expected_parameters(20, 10, 3) == 269722);
  CHECK(parameters(*afd::resnet8()) == expected_parameters(8, 10, 3));
  CHECK(parameters(*afd::resnet20(10, 3)) == expected_parameters(20, 10, 3));
  CHECK(parameters(*afd::resnet32(100, 1)) == expected_parameters(32, 100, 1));
  CHECK(parameters(*afd::resnet110()) == expected_parameters(110, 10, 3));
}

TEST_CASE("tensors have the names of torchvision's ResNets, as far as there are such") {
  auto network = afd::resnet14();
  const auto named = network->named_parameters();
  CHECK(named.keys().front() == "conv1.weight");
  CHECK(named.keys()[1] == "bn1.weight");
  CHECK(named.contains("layer3.1.bn2.bias"));
  CHECK(named["layer2.0.conv1.weight"].sizes() == torch::IntArrayRef({32, 16, 3, 3}));
  CHECK(named.keys().back() == "fc.bias");
  CHECK(network->named_buffers().contains("layer1.0.bn1.num_batches_tracked"));
}

TEST_CASE("features are the last map, and only the logits reach the classifier") {
  torch::manual_seed(1);
  auto network = afd::resnet8(7, 1);
  const afd::Outputs outputs = network->forward(torch::randn({2, 1, 28, 28}));
  CHECK(outputs.features.sizes() == torch::IntArrayRef({2, 64, 7, 7}));
  CHECK(outputs.logits.sizes() == torch::IntArrayRef({2, 7}));
  const auto named = network->named_parameters();
  std::vector<torch::Tensor> weights = named.values();
  const auto from_features = torch::autograd::grad({outputs.features.square().sum()}, weights, {}, true, false, true);
  const auto from_logits = torch::autograd::grad({outputs.logits.square().sum()}, weights, {}, {}, false, true);
  std::size_t unreached = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    CHECK(from_logits[i].defined());
    if (!from_features[i].defined()) ++unreached;
  }
  CHECK(unreached == 2);  // weight and bias of the classifier
}

TEST_CASE("a depth that is not 6n + 2 is refused") {
  CHECK_THROWS_AS(afd::ResNet(afd::ResNetOptions{.depth = 21}), afd::ConfigError);
}

TEST_SUITE_END();
