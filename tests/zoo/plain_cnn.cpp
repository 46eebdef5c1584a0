// SPDX-License-Identifier: MIT
#include <afd/zoo/plain_cnn.hpp>
//
#include <memory>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("zoo");

TEST_CASE("features are the last map, logits the head of its average") {
  torch::manual_seed(0);
  afd::PlainCnn network;
  network->eval();
  const afd::Outputs outputs = network->forward(torch::randn({2, 1, 28, 28}));
  CHECK(outputs.features.sizes() == torch::IntArrayRef({2, 64, 7, 7}));
  CHECK(outputs.logits.sizes() == torch::IntArrayRef({2, 10}));
  const auto head = network->named_parameters();
  const torch::Tensor expected =
      torch::addmm(head["head.bias"], outputs.features.mean({2, 3}), head["head.weight"].t());
  CHECK(torch::allclose(outputs.logits, expected, 1e-5, 1e-6));
  CHECK((outputs.features >= 0).all().item<bool>());
}

TEST_CASE("options decide layers, channels, classes and strides") {
  afd::PlainCnn network(afd::PlainCnnOptions{.widths = {4, 6}, .classes = 3, .in_channels = 3, .stem_stride = 2});
  const afd::Outputs outputs = network->forward(torch::randn({2, 3, 8, 8}));
  CHECK(outputs.features.sizes() == torch::IntArrayRef({2, 6, 2, 2}));
  CHECK(outputs.logits.size(1) == 3);
  std::int64_t count = 0;
  for (const auto& parameter : network->parameters()) count += parameter.numel();
  CHECK(count == 3 * 4 * 9 + 2 * 4 + 4 * 6 * 9 + 2 * 6 + 6 * 3 + 3);
}

TEST_CASE("gradients of the logits reach every parameter; a clone is independent") {
  torch::manual_seed(0);
  afd::PlainCnn network(afd::PlainCnnOptions{.widths = {3, 3}});
  auto copy = std::dynamic_pointer_cast<afd::PlainCnnImpl>(network->clone());
  copy->forward(torch::randn({4, 1, 8, 8})).logits.square().sum().backward();
  for (const auto& parameter : copy->parameters()) CHECK(parameter.grad().defined());
  for (const auto& parameter : network->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("what cannot work is refused by name") {
  const auto make = [](const afd::PlainCnnOptions& options) { afd::PlainCnn network(options); };
  CHECK_THROWS_WITH_AS(make({.widths = {}}), doctest::Contains("widths is empty"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(make({.widths = {4, 0}}), doctest::Contains("widths[1]"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(make({.classes = 0}), doctest::Contains("classes"), afd::ConfigError);
  CHECK_THROWS_AS(afd::PlainCnn()->forward(torch::zeros({1, 3, 8, 8})), afd::ShapeError);
}

TEST_SUITE_END();
