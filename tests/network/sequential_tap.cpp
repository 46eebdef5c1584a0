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

TEST_CASE("several children at once, in the order of the forward") {
  torch::manual_seed(2);
  torch::nn::Linear first(4, 3), second(3, 5), last(5, 2);
  const torch::nn::Sequential sequential(
      {{"first", first}, {"act", torch::nn::Tanh()}, {"second", second}, {"last", last}});
  const auto inputs = torch::randn({5, 4});
  afd::SequentialTap tapped(sequential, "first", -2);
  const afd::TappedOutputs<2> outputs = afd::run(tapped, inputs);
  const auto one = first->forward(inputs), two = second->forward(torch::tanh(one));
  CHECK(outputs.taps[0].equal(one));
  CHECK(outputs.taps[1].equal(two));
  CHECK(outputs.logits.equal(last->forward(two)));
  const auto copy = std::dynamic_pointer_cast<afd::SequentialTapImpl<2>>(tapped->clone());
  CHECK(copy->forward(inputs).taps[1].equal(two));
  CHECK_FALSE(copy->named_parameters()["sequential.second.weight"].is_same(second->weight));
  CHECK_THROWS_WITH_AS(afd::SequentialTap(sequential, "second", "first"),
                       doctest::Contains("in the order of the forward"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(afd::SequentialTap(sequential, 1, "act"), doctest::Contains("each once"), afd::ConfigError);
}

TEST_CASE("a child that changes a tap in place is refused") {
  const torch::nn::Sequential sequential(torch::nn::Linear(4, 3), torch::nn::ReLU(torch::nn::ReLUOptions(true)),
                                         torch::nn::Linear(3, 3), torch::nn::Linear(3, 2));
  afd::SequentialTap tapped(sequential, 0, 2);
  CHECK_THROWS_WITH_AS(afd::run(tapped, torch::randn({2, 4})), doctest::Contains("changed the features"),
                       afd::ConfigError);
}

TEST_SUITE_END();
