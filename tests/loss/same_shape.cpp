// SPDX-License-Identifier: MIT
#include <afd/loss/same_shape.hpp>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

TEST_CASE("shapes that would broadcast are refused, naming both and the way out") {
  const torch::Tensor student = torch::zeros({2, 3});
  CHECK_NOTHROW(afd::detail::require_same_shape(student, torch::ones({2, 3}), "loss", "do this"));
  CHECK_THROWS_WITH_AS(afd::detail::require_same_shape(student, torch::ones({1, 3}), "some loss", "do this"),
                       "some loss: the student's shape [2, 3] differs from the teacher's [1, 3]; do this",
                       afd::ShapeError);
}

TEST_CASE("a mean over nothing is refused") {
  CHECK_NOTHROW(afd::detail::require_not_empty(torch::zeros({1, 1}), "loss"));
  CHECK_THROWS_WITH_AS(afd::detail::require_not_empty(torch::zeros({0, 3}), "some loss"),
                       doctest::Contains("empty tensor of shape [0, 3]"), afd::DataError);
}

TEST_SUITE_END();
