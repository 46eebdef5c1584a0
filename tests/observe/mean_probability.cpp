// SPDX-License-Identifier: MIT
#include <afd/observe/mean_probability.hpp>
//
#include <cmath>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using afd::detail::mean_binary_logit;
using afd::detail::mean_log_probability;
using torch::Tensor;

TEST_CASE("the mean of probabilities, as a log and as a logit") {
  torch::manual_seed(11);
  const Tensor a = torch::randn({4, 3}, torch::kDouble), b = torch::randn({4, 3}, torch::kDouble);
  const Tensor log = mean_log_probability({torch::log_softmax(a, 1), torch::log_softmax(b, 1)});
  CHECK(torch::allclose(log.exp(), (torch::softmax(a, 1) + torch::softmax(b, 1)) / 2));
  const Tensor logit = mean_binary_logit({a, b, a});
  CHECK(torch::allclose(torch::sigmoid(logit), (2 * torch::sigmoid(a) + torch::sigmoid(b)) / 3));
  CHECK(torch::allclose(mean_binary_logit({a}), a));
}

TEST_CASE("probabilities too small for a float are not lost") {
  const Tensor small = torch::tensor({-1000.0F}), smaller = torch::tensor({-2000.0F});
  CHECK(mean_log_probability({small, smaller}).item<double>() == doctest::Approx(-1000 - std::log(2.0)));
  CHECK(mean_binary_logit({small, smaller}).item<double>() == doctest::Approx(-1000 - std::log(2.0)));
}

TEST_SUITE_END();
