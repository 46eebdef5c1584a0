// SPDX-License-Identifier: MIT
#include <afd/network/check_outputs.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("outputs of the right form pass, as maps or as vectors") {
  const torch::Tensor logits = torch::zeros({5, 3});
  CHECK_NOTHROW(afd::check_outputs({torch::zeros({5, 2, 4, 4}), logits}, 5, 0));
  CHECK_NOTHROW(afd::check_outputs({torch::zeros({5, 2}), logits}, 5, 0));
}

TEST_CASE("whatever is wrong is said with the network and the shape") {
  const auto throws = [](const afd::Outputs& outputs, const char* message) {
    CHECK_THROWS_WITH_AS(afd::check_outputs(outputs, 5, 2), doctest::Contains(message), afd::ShapeError);
    CHECK_THROWS_WITH_AS(afd::check_outputs(outputs, 5, 2), doctest::Contains("network 2"), afd::ShapeError);
  };
  const torch::Tensor features = torch::zeros({5, 2, 4, 4}), logits = torch::zeros({5, 3});
  throws({torch::Tensor(), logits}, "undefined tensor as its features");
  throws({features, torch::Tensor()}, "undefined tensor as its logits");
  throws({features, torch::zeros({4, 3})}, "logits of shape [4, 3]");
  throws({logits, features}, "features returned before logits");
  throws({torch::zeros({4, 2, 4, 4}), logits}, "features of shape [4, 2, 4, 4]");
  throws({torch::zeros({5}), logits}, "features of shape [5]");
}

TEST_SUITE_END();
