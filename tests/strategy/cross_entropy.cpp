// SPDX-License-Identifier: MIT
#include <afd/strategy/cross_entropy.hpp>
//
#include <cmath>

#include "support/doctest.hpp"
#include "support/finite_difference.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::NetworkTerm<afd::CrossEntropy> && !afd::EdgeTerm<afd::CrossEntropy>);
static_assert(afd::CrossEntropy::level == afd::Level::logit);

TEST_CASE("cross entropy is minus the mean log-probability of the labels") {
  const auto logits = torch::tensor({{1.0, 2.0, 0.5}, {-1.0, 0.0, 3.0}}, torch::kDouble);
  const auto targets = torch::tensor({1, 0}, torch::kInt64);
  const double first = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(0.5)) - 2.0;
  const double second = std::log(std::exp(-1.0) + 1.0 + std::exp(3.0)) + 1.0;
  const afd::CrossEntropy term{.weight = 5};
  CHECK(term.loss({{}, logits}, targets).item<double>() == doctest::Approx((first + second) / 2).epsilon(1e-12));
}

TEST_CASE("its gradient is exact") {
  torch::manual_seed(0);
  const auto targets = torch::tensor({1, 0, 3}, torch::kInt64);
  const auto loss = [&](const std::vector<torch::Tensor>& in) {
    return afd::CrossEntropy{}.loss({{}, in[0]}, targets);
  };
  CHECK(afd_test::max_gradient_error(loss, {torch::randn({3, 4}, torch::kDouble)}) < 1e-8);
}

TEST_SUITE_END();
