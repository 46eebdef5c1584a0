// SPDX-License-Identifier: MIT
#include <afd/data/label_check.hpp>
//
#include <cstdint>
#include <vector>

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

TEST_CASE("labels to be ignored pass, and only those") {
  const auto check = [](std::vector<std::int64_t> labels, std::int64_t ignored) {
    afd::detail::check_labels(torch::tensor(labels, torch::kInt64).view({1, -1}), 10, ignored);
  };
  CHECK_NOTHROW(check({3, -100, 9}, -100));
  CHECK_NOTHROW(check({-100, -100}, -100));
  CHECK_NOTHROW(check({3, 255, 9}, 255));
  CHECK_THROWS_WITH_AS(check({3, -100, -1}, -100), doctest::Contains("label -1 is"), afd::DataError);
  CHECK_THROWS_WITH_AS(check({3, -100, 10}, -100), doctest::Contains("label 10 is"), afd::DataError);
  CHECK_THROWS_WITH_AS(check({3, -100}, 255), doctest::Contains("label -100 is"), afd::DataError);
}

TEST_CASE("one logit for labels 0 and 1 is told to be binary, other labels are not") {
  const auto check = [](std::int64_t first, std::int64_t second) {
    afd::detail::check_labels(torch::tensor({first, second}, torch::kInt64), 1);
  };
  CHECK_NOTHROW(check(0, 0));
  CHECK_THROWS_WITH_AS(check(0, 1), doctest::Contains("labels must be 0 to 0; one logit"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(1, 1), doctest::Contains("afd::BinaryCrossEntropy"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(0, 2), "label 2 is out of range: the networks have 1 classes, so labels must be 0 to 0",
                       afd::DataError);
}

TEST_SUITE_END();
