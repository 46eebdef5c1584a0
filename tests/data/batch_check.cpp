// SPDX-License-Identifier: MIT
#include <afd/data/batch_check.hpp>
//
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::check_batch_form;
using afd::detail::check_inputs_are_finite;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("a good batch passes and is counted, also one of bytes, of ids with a mask, and of a single sample") {
  const afd::Batch batch = afd_test::tiny_batch();
  CHECK(check_batch_form(batch) == 6);
  CHECK_NOTHROW(check_inputs_are_finite(batch.inputs));
  CHECK_NOTHROW(check_inputs_are_finite(torch::zeros({1, 2}, torch::kUInt8)));
  CHECK(check_batch_form(afd_test::tiny_batch(1)) == 1);
  const std::tuple text{torch::zeros({3, 7}, torch::kInt64), torch::ones({3, 7}, torch::kBool)};
  CHECK(check_batch_form(afd::BasicBatch{text, torch::zeros({3})}) == 3);
  CHECK_NOTHROW(check_inputs_are_finite(text));
  CHECK(check_batch_form(afd::BasicBatch{std::vector(2, torch::zeros({3, 8, 8})), afd::NoTargets{}}) == 2);
}

TEST_CASE("inputs that are not finite are found, but a sum that overflows is not taken for one") {
  const torch::Tensor good = afd_test::tiny_batch().inputs;
  for (const double bad : {infinity, not_a_number}) {
    torch::Tensor inputs = good.clone();
    inputs.view(-1)[17] = bad;
    CHECK_THROWS_AS(check_inputs_are_finite(inputs), afd::DataError);
    CHECK_THROWS_AS(check_inputs_are_finite(std::tuple{inputs, good}), afd::DataError);
  }
  CHECK_NOTHROW(check_inputs_are_finite(torch::full({4, 2}, std::numeric_limits<float>::max())));
}

TEST_CASE("an attention mask may hold infinity, but nothing may hold NaN") {
  const torch::Tensor values = torch::ones({2, 3});
  CHECK_NOTHROW(check_inputs_are_finite(std::tuple{values, torch::full({2, 3}, -infinity)}));
  CHECK_THROWS_AS(check_inputs_are_finite(std::tuple{values, torch::full({2, 3}, not_a_number)}), afd::DataError);
}

TEST_CASE("inputs must be there and hold a sample") {
  const torch::Tensor labels = torch::zeros({1}, torch::kInt64);
  const auto throws = [&](const auto& inputs, const char* part) {
    CHECK_THROWS_WITH_AS(check_batch_form(afd::BasicBatch{inputs, labels}), doctest::Contains(part), afd::DataError);
  };
  throws(torch::Tensor{}, "undefined");
  throws(std::tuple{torch::zeros({3}), torch::Tensor{}}, "undefined");
  throws(torch::zeros({}), "empty");
  throws(torch::zeros({0, 2}), "[0, 2]");
  throws(torch::zeros({2, 0}), "[2, 0]");
  throws(std::vector<torch::Tensor>{}, "empty");
}

TEST_CASE("targets are left to the terms that read them") {
  const auto inputs = torch::zeros({3, 2});
  CHECK(check_batch_form(afd::Batch{inputs, torch::zeros({3, 5})}) == 3);
  CHECK(check_batch_form(afd::Batch{inputs, {}}) == 3);
}

TEST_SUITE_END();
