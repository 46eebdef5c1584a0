// SPDX-License-Identifier: MIT
#include <afd/zoo/wide_resnet.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("zoo");

TEST_CASE("Wide ResNets have the usual implementation's parameters") {
  const auto parameters = [](const afd::WideResNet& network) {
    std::int64_t total = 0;
    for (const auto& parameter : network->parameters()) total += parameter.numel();
    return total;
  };
  CHECK(parameters(afd::wrn16_2()) == 691674);
  CHECK(parameters(afd::wrn28_2()) == 1467610);
}

TEST_CASE("features are the last map of a Wide ResNet") {
  auto network = afd::wrn16_2(5, 1);
  const afd::Outputs outputs = network->forward(torch::randn({2, 1, 16, 16}));
  CHECK(outputs.features.sizes() == torch::IntArrayRef({2, 128, 4, 4}));
  CHECK(outputs.logits.sizes() == torch::IntArrayRef({2, 5}));
}

TEST_SUITE_END();
