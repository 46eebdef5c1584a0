// SPDX-License-Identifier: MIT
#include <afd/observe/running_sum.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using afd::detail::RunningSum;

TEST_CASE("a sum goes on from where its copy was made, and leaves what it was given alone") {
  const torch::Tensor one = torch::ones({2}, torch::kDouble);
  RunningSum sum;
  sum.add(one);
  RunningSum copy = sum;
  copy.add(one * 4);
  sum.add(one);
  CHECK(torch::equal(sum.total(), one * 2));
  CHECK(torch::equal(copy.total(), one * 5));
  CHECK(torch::equal(one, torch::ones({2}, torch::kDouble)));
}

TEST_CASE("there is no total of nothing, and no mean over no labels") {
  CHECK_THROWS_WITH_AS(static_cast<void>(RunningSum{}.total()),
                       doctest::Contains("the source of batches gave no sample"), afd::DataError);
  CHECK(afd::detail::require_labels(3, -100) == 3);
  CHECK_THROWS_WITH_AS(afd::detail::require_labels(0, 255), doctest::Contains("all labels are 255"), afd::DataError);
}

TEST_SUITE_END();
