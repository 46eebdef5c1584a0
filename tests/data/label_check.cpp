// SPDX-License-Identifier: MIT
#include <afd/data/label_check.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

TEST_CASE("labels from 0 to classes - 1 pass; the first one outside is named") {
  const auto labels = [](std::int64_t first, std::int64_t second) {
    return torch::tensor({first, second}, torch::kInt64);
  };
  CHECK_NOTHROW(afd::detail::check_labels(labels(0, 9), 10));
  CHECK_NOTHROW(afd::detail::check_labels(torch::empty({0}, torch::kInt64), 10));
  CHECK_THROWS_WITH_AS(afd::detail::check_labels(labels(0, 10), 10), doctest::Contains("label 10"), afd::DataError);
  CHECK_THROWS_WITH_AS(afd::detail::check_labels(labels(3, -100), 10), doctest::Contains("label -100"), afd::DataError);
}

TEST_SUITE_END();
