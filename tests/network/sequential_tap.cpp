// SPDX-License-Identifier: MIT
#include <afd/network/sequential_tap.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("a tap by name, number or number from the end gives that child's output") {
  torch::manual_seed(1);
  torch::nn::Linear first(4, 3);
  torch::nn::Linear last(3, 2);
  const torch::nn::Sequential sequential({{"first", first}, {"last", last}});
  const auto inputs = torch::randn({5, 4});
  for (auto tap : {afd::SequentialTap(sequential, "first"), afd::SequentialTap(sequential, 0),
                   afd::SequentialTap(sequential, -2)}) {
    const afd::Outputs outputs = afd::run(tap, inputs);
    CHECK(outputs.features.equal(first->forward(inputs)));
    CHECK(outputs.logits.equal(last->forward(first->forward(inputs))));
  }
  CHECK_THROWS_WITH_AS(afd::SequentialTap(sequential, "middle"), doctest::Contains("0 \"first\", 1 \"last\""),
                       afd::ConfigError);
  CHECK_THROWS_AS(afd::SequentialTap(sequential, 1), afd::ConfigError);
  CHECK_THROWS_AS(afd::SequentialTap(sequential, 2), afd::ConfigError);
}

TEST_SUITE_END();
