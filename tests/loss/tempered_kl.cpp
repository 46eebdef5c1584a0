// SPDX-License-Identifier: MIT
#include <afd/loss/tempered_kl.hpp>

#include <cmath>
#include <limits>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

// Re-derived with scalars: T^2 / N * sum p_t (log p_t - log p_s).
double expected_kl(const torch::Tensor& student, const torch::Tensor& teacher, double temperature) {
  const auto log_probability = [&](const torch::Tensor& logits, std::int64_t n, std::int64_t c) {
    double total = 0.0;
    for (std::int64_t k = 0; k < logits.size(1); ++k)
      total += std::exp(logits[n][k].item<double>() / temperature);
    return logits[n][c].item<double>() / temperature - std::log(total);
  };
  double sum = 0.0;
  for (std::int64_t n = 0; n < student.size(0); ++n)
    for (std::int64_t c = 0; c < student.size(1); ++c) {
      const double t = log_probability(teacher, n, c);
      sum += std::exp(t) * (t - log_probability(student, n, c));
    }
  return temperature * temperature * sum / static_cast<double>(student.size(0));
}

}  // namespace

TEST_CASE("tempered_kl is summed over classes, averaged over the batch and scaled by T squared") {
  torch::manual_seed(1);
  const auto student = torch::randn({4, 5}, torch::kDouble);
  const auto teacher = torch::randn({4, 5}, torch::kDouble);
  for (const double temperature : {1.0, 3.0, 7.5}) {
    CHECK(afd::loss::tempered_kl_from_logits(student, teacher, temperature).item<double>() ==
          doctest::Approx(expected_kl(student, teacher, temperature)).epsilon(1e-12));
  }
}

TEST_CASE("the teacher is the first argument of the divergence") {
  // Teacher (3/4, 1/4), student (1/2, 1/2): KL(t || s) = 3/4 log 3/2 + 1/4 log 1/2.
  const auto teacher = torch::tensor({{std::log(3.0), 0.0}}, torch::kDouble);
  const auto student = torch::zeros({1, 2}, torch::kDouble);
  CHECK(afd::loss::tempered_kl_from_logits(student, teacher, 1.0).item<double>() ==
        doctest::Approx(0.75 * std::log(1.5) + 0.25 * std::log(0.5)).epsilon(1e-12));
}

TEST_CASE("a class the teacher rules out contributes nothing") {
  const double minus_infinity = -std::numeric_limits<double>::infinity();
  const auto teacher = torch::tensor({{0.0, minus_infinity}}, torch::kDouble);
  const auto student = torch::zeros({1, 2}, torch::kDouble);
  CHECK(afd::loss::tempered_kl_from_logits(student, teacher, 1.0).item<double>() ==
        doctest::Approx(std::log(2.0)).epsilon(1e-12));
}

TEST_CASE("gradients of tempered_kl agree with finite differences") {
  torch::manual_seed(2);
  const auto loss = [](const std::vector<torch::Tensor>& logits) {
    return afd::loss::tempered_kl_from_logits(logits[0], logits[1], 3.0);
  };
  CHECK(afd_test::max_gradient_error(
            loss, {torch::randn({3, 4}, torch::kDouble), torch::randn({3, 4}, torch::kDouble)}) < 1e-8);
}

TEST_CASE("bad temperatures and shapes are refused") {
  const auto logits = torch::zeros({2, 3});
  CHECK_THROWS_AS(afd::loss::tempered_kl(logits, logits, 0.0), afd::ConfigError);
  CHECK_THROWS_AS(afd::loss::tempered_kl(logits, torch::zeros({2, 4}), 1.0), afd::ShapeError);
  CHECK_THROWS_AS(afd::loss::tempered_kl(torch::zeros({0, 3}), torch::zeros({0, 3}), 1.0), afd::DataError);
}

TEST_SUITE_END();
