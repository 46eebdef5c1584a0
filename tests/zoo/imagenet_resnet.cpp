// SPDX-License-Identifier: MIT
#include <afd/zoo/imagenet_resnet.hpp>
//
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <torch/csrc/autograd/autograd.h>

#include <afd/compute/multiply_adds.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("zoo");

TEST_CASE("ResNet-18 and ResNet-34 have the published figures") {
  auto small = afd::resnet18();
  CHECK(afd::parameter_count(*small) == 11'689'512);
  CHECK(afd::parameter_count(*afd::resnet34()) == 21'797'672);
  // By hand: 1.814 thousand million for a 224 x 224 image.
  CHECK(afd::multiply_adds(small, torch::zeros({1, 3, 224, 224})) == 1'814'073'344);
}

TEST_CASE("tensors have the names that torchvision gives them, in its order") {
  auto network = afd::resnet34();
  const auto named = network->named_parameters();
  const std::vector<std::string> names = named.keys();
  const std::vector<std::string> first{"conv1.weight",          "bn1.weight",          "bn1.bias",
                                       "layer1.0.conv1.weight", "layer1.0.bn1.weight", "layer1.0.bn1.bias",
                                       "layer1.0.conv2.weight", "layer1.0.bn2.weight", "layer1.0.bn2.bias"};
  CHECK(std::equal(first.begin(), first.end(), names.begin()));
  CHECK((names[names.size() - 2] == "fc.weight" && names.back() == "fc.bias"));
  CHECK(named["layer2.0.downsample.0.weight"].sizes() == torch::IntArrayRef({128, 64, 1, 1}));
  CHECK(named["layer4.0.downsample.1.weight"].sizes() == torch::IntArrayRef({512}));
  CHECK(named.contains("layer3.5.conv2.weight"));
  CHECK_FALSE(named.contains("layer1.0.downsample.0.weight"));
  CHECK(network->named_buffers().contains("layer4.0.downsample.1.running_var"));
}

TEST_CASE("features are the last map, a thirty-second of the image; only logits reach the head") {
  torch::manual_seed(1);
  afd::ImageNetResNet network(
      afd::ImageNetResNetOptions{.blocks = {1, 1, 1, 1}, .classes = 5, .in_channels = 1, .width = 4});
  const afd::Outputs outputs = network->forward(torch::randn({2, 1, 65, 64}));
  CHECK(outputs.features.sizes() == torch::IntArrayRef({2, 32, 3, 2}));
  CHECK(outputs.logits.sizes() == torch::IntArrayRef({2, 5}));
  const auto weights = network->parameters();
  const auto grads = torch::autograd::grad({outputs.features.square().sum()}, weights, {}, true, false, true);
  std::size_t unreached = 0;
  for (const torch::Tensor& grad : grads) unreached += grad.defined() ? 0U : 1U;
  CHECK(unreached == 2);
}

TEST_CASE("a copy computes the same and shares nothing") {
  torch::manual_seed(1);
  afd::ImageNetResNet network(afd::ImageNetResNetOptions{.blocks = {1, 2, 1, 1}, .classes = 3, .width = 2});
  network->eval();
  const afd::ImageNetResNet copy(std::dynamic_pointer_cast<afd::ImageNetResNetImpl>(network->clone()));
  const torch::Tensor images = torch::randn({2, 3, 32, 32});
  const torch::Tensor logits = network->forward(images).logits;
  CHECK(copy.ptr()->forward(images).logits.equal(logits));
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : network->parameters()) parameter.zero_();
  CHECK(copy.ptr()->forward(images).logits.equal(logits));
}

TEST_CASE("options below 1 and other inputs are refused") {
  CHECK_THROWS_WITH_AS(afd::ImageNetResNet(afd::ImageNetResNetOptions{.blocks = {2, 0, 2, 2}}),
                       doctest::Contains("ImageNetResNetOptions.blocks"), afd::ConfigError);
  afd::ImageNetResNet network(afd::ImageNetResNetOptions{.blocks = {1, 1, 1, 1}, .width = 2});
  CHECK_THROWS_AS(network->forward(torch::zeros({1, 1, 32, 32})), afd::ShapeError);
}

TEST_SUITE_END();
