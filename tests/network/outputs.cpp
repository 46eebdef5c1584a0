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

TEST_SUITE_END();
