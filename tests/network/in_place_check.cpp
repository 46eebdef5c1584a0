// SPDX-License-Identifier: MIT
#include <afd/network/in_place_check.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("a write in place is found, through a view too; reading is not one") {
  torch::Tensor features = torch::ones({2, 3});
  const afd::detail::InPlaceCheck check(features);
  const torch::Tensor read = features * 2;
  CHECK_NOTHROW(check.require_unchanged("the head"));
  features.select(0, 0).add_(1);
  CHECK_THROWS_WITH_AS(check.require_unchanged("the head"),
                       doctest::Contains("the head changed the features [2, 3] in place"), afd::ConfigError);
}

TEST_CASE("what has no version passes: undefined tensors and inference mode") {
  CHECK_NOTHROW(afd::detail::InPlaceCheck(torch::Tensor()).require_unchanged("x"));
  const c10::InferenceMode inference;
  torch::Tensor features = torch::ones({2});
  const afd::detail::InPlaceCheck check(features);
  features.add_(1);
  CHECK_NOTHROW(check.require_unchanged("x"));
}

TEST_SUITE_END();
