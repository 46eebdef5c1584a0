// SPDX-License-Identifier: MIT
#include <afd/data/soft_labels.hpp>
//
#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

namespace {

torch::Tensor soft(const torch::Tensor& targets, std::int64_t classes = 3) {
  return afd::detail::soft_labels(targets, classes, torch::kFloat64, "Mixup");
}

torch::Tensor labels(const std::vector<std::int64_t>& numbers) {
  return torch::tensor(numbers, torch::kInt64);
}

}  // namespace

TEST_CASE("a label becomes a row with a 1 in its place; soft labels pass") {
  const torch::Tensor rows = soft(labels({2, 0}));
  CHECK(rows.dtype() == torch::kFloat64);
  CHECK(rows.equal(torch::tensor({{0., 0., 1.}, {1., 0., 0.}}, torch::kFloat64)));
  const torch::Tensor given = torch::full({2, 3}, 1. / 3);
  CHECK(soft(given).is_same(given));
}

TEST_CASE("other targets are refused with the way out") {
  const auto throws = [](const torch::Tensor& targets, const char* part) {
    CHECK_THROWS_WITH_AS(static_cast<void>(soft(targets)), doctest::Contains(part), afd::DataError);
  };
  throws(labels({0, 3}), "label 3 is out of range: Mixup has classes = 3, so labels must be 0 to 2");
  throws(labels({-1, 2}), "label -1");
  throws(labels({0, -100}), "the label -100 stands for none");
  throws(labels({0, -100}), "select()");
  throws(torch::zeros({4, 5}), "floating point [N, 3], but the targets are Float of shape [4, 5]");
  throws(torch::zeros({4}), "Float of shape [4]");
  throws(torch::zeros({4, 3}, torch::kInt64), "Long of shape [4, 3]");
  throws(torch::zeros({4}, torch::kInt32), "Int of shape [4]");
  throws({}, "undefined");
  CHECK_THROWS_WITH_AS(static_cast<void>(soft(labels({0}), 0)), doctest::Contains("Mixup{.classes = 10}"),
                       afd::ConfigError);
}

TEST_SUITE_END();
