// SPDX-License-Identifier: MIT
#include <afd/data/batch_check.hpp>
//
#include <limits>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::check_batch_form;
using afd::detail::check_batch_values;

TEST_CASE("a good batch passes, also one of bytes and one of a single sample") {
  const afd::Batch batch = afd_test::tiny_batch();
  CHECK_NOTHROW(check_batch_form(batch));
  CHECK_NOTHROW(check_batch_values(batch, 4));
  CHECK_NOTHROW(check_batch_values({torch::zeros({1, 2}, torch::kUInt8), torch::zeros({1}, torch::kInt64)}, 4));
  CHECK_NOTHROW(check_batch_form(afd_test::tiny_batch(1)));
}

TEST_CASE("inputs that are not finite are found, but a sum that overflows is not taken for one") {
  const afd::Batch batch = afd_test::tiny_batch();
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    torch::Tensor inputs = batch.inputs.clone();
    inputs.view(-1)[17] = bad;
    CHECK_THROWS_AS(check_batch_values({inputs, batch.targets}, 4), afd::DataError);
  }
  const auto huge = torch::full({4, 2}, std::numeric_limits<float>::max());
  CHECK_NOTHROW(check_batch_values({huge, torch::zeros({4}, torch::kInt64)}, 4));
}

TEST_CASE("targets must be int64 [N], one per input") {
  const auto inputs = torch::zeros({3, 2});
  const auto throws = [&](const torch::Tensor& targets, const char* part) {
    CHECK_THROWS_WITH_AS(check_batch_form({inputs, targets}), doctest::Contains(part), afd::DataError);
  };
  throws(torch::zeros({3, 1}, torch::kInt64), "of shape [3, 1]");
  throws(torch::zeros({3}), "Float");
  throws(torch::zeros({4}, torch::kInt64), "4 targets");
  CHECK_THROWS_AS(check_batch_form({torch::zeros({}), torch::zeros({1}, torch::kInt64)}), afd::DataError);
}

TEST_SUITE_END();
