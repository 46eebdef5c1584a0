// SPDX-License-Identifier: MIT
#include <afd/zoo/zoo_check.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("zoo");

using namespace afd::detail;

TEST_CASE("options below 1 are refused by name") {
  CHECK_NOTHROW(require_positive(1, "width"));
  CHECK_THROWS_WITH_AS(require_positive(0, "width"), doctest::Contains("width must be at least 1, but is 0"),
                       afd::ConfigError);
}

TEST_CASE("depths are 6n + extra, from n = 1") {
  for (const std::int64_t depth : {8, 14, 110}) CHECK_NOTHROW(require_depth(depth, 2, "depth", "8"));
  for (const std::int64_t depth : {2, 9, 0, -4})
    CHECK_THROWS_AS(require_depth(depth, 2, "depth", "8"), afd::ConfigError);
  CHECK_NOTHROW(require_depth(16, 4, "depth", "16"));
}

TEST_CASE("images must have four dimensions, the right channels and real numbers") {
  CHECK_NOTHROW(require_images(torch::zeros({2, 3, 4, 4}), 3, "Net"));
  CHECK_NOTHROW(require_images(torch::zeros({2, 3, 4, 4}, torch::kDouble), 3, "Net"));
  CHECK_THROWS_WITH_AS(require_images(torch::zeros({2, 1, 4, 4}), 3, "Net"), doctest::Contains("Net takes images"),
                       afd::ShapeError);
  CHECK_THROWS_AS(require_images(torch::zeros({3, 4, 4}), 3, "Net"), afd::ShapeError);
  CHECK_THROWS_AS(require_images(torch::zeros({2, 3, 4, 4}, torch::kUInt8), 3, "Net"), afd::DataError);
}

TEST_SUITE_END();
