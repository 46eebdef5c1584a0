// SPDX-License-Identifier: MIT
#include <afd/network/outputs.hpp>
//
#include <type_traits>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("outputs start undefined and list features before logits") {
  static_assert(std::is_aggregate_v<afd::Outputs>);
  const afd::Outputs empty;
  CHECK_FALSE(empty.features.defined());
  CHECK_FALSE(empty.logits.defined());
  const auto [first, second] = afd::Outputs{torch::ones({1}), torch::zeros({1})};
  CHECK(first.item<float>() == 1);
  CHECK(second.item<float>() == 0);
}

TEST_CASE("tapped outputs list their taps before logits, and tokens have no grid unless they are told") {
  const auto [taps, logits] = afd::TappedOutputs<2>{{torch::ones({1}), torch::full({1}, 2)}, torch::zeros({1})};
  CHECK(taps[0].item<float>() == 1);
  CHECK(taps[1].item<float>() == 2);
  CHECK(logits.item<float>() == 0);
  const afd::Tokens tokens{torch::ones({1, 6, 2})};
  CHECK(tokens.height == 0);
  CHECK(tokens.width == 0);
  const afd::Tokens on_grid{tokens.values, 2, 3};
  CHECK(on_grid.values.is_same(tokens.values));
  CHECK(on_grid.height * on_grid.width == 6);
}

TEST_SUITE_END();
