// SPDX-License-Identifier: MIT
#include <afd/network/extractor_head.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("a linear head is given the pooled map") {
  torch::manual_seed(1);
  torch::nn::Conv2d extractor(torch::nn::Conv2dOptions(1, 3, 3));
  torch::nn::Linear head(3, 2);
  const auto network = afd::extractor_head(extractor, head);
  const auto inputs = torch::randn({2, 1, 6, 6});
  const afd::Outputs outputs = afd::run(network, inputs);
  const auto features = extractor->forward(inputs);
  CHECK(outputs.features.equal(features));
  CHECK(outputs.logits.allclose(head->forward(features.flatten(2).mean(2))));
  CHECK(network->parameters().size() == 4);
}

TEST_SUITE_END();
