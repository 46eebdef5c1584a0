// SPDX-License-Identifier: MIT
#include <afd/data/beta_sample.hpp>
//
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CounterRng;
using afd::detail::beta_sample;

namespace {

constexpr std::int64_t many = 20'000;

std::vector<double> draws(double a, double b) {
  const CounterRng rng(11, 3);
  std::vector<double> all;
  for (std::int64_t i = 0; i < many; ++i) all.push_back(beta_sample(a, b, rng, i));
  return all;
}

/// The largest distance between the distribution of the draws and the one with the distribution function `exact`
/// (Kolmogorov and Smirnov), times the root of how many there are.
template <class F>
double distance(std::vector<double> all, const F& exact) {
  std::ranges::sort(all);
  double most = 0;
  const auto count = static_cast<double>(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double expected = exact(all[i]);
    most = std::max({most, static_cast<double>(i + 1) / count - expected, expected - static_cast<double>(i) / count});
  }
  return most * std::sqrt(count);
}

}  // namespace

TEST_CASE("mean and variance are those of the beta distribution") {
  struct Shape {
    double a, b;
  };
  for (const auto [a, b] : {Shape{0.1, 0.1}, {0.2, 0.2}, {0.5, 0.5}, {1, 1}, {4, 4}, {50, 50}, {2, 5}, {0.3, 3}}) {
    CAPTURE(a);
    CAPTURE(b);
    double sum = 0, squares = 0, fourth = 0;
    const double mean = a / (a + b);
    const double variance = a * b / ((a + b) * (a + b) * (a + b + 1));
    for (const double value : draws(a, b)) {
      const double square = (value - mean) * (value - mean);
      sum += value;
      squares += square;
      fourth += square * square;
    }
    const auto n = static_cast<double>(many);
    // Four and a half standard errors.
    CHECK(std::abs(sum / n - mean) < 4.5 * std::sqrt(variance / n));
    CHECK(std::abs(squares / n - variance) < 4.5 * std::sqrt((fourth / n - variance * variance) / n));
  }
}

TEST_CASE("the whole distribution is right where its function is simple") {
  // 1.95 is exceeded once in a thousand times.
  CHECK(distance(draws(1, 1), [](double x) { return x; }) < 1.95);
  CHECK(distance(draws(2, 1), [](double x) { return x * x; }) < 1.95);
  CHECK(distance(draws(0.5, 0.5), [](double x) { return 2 / std::numbers::pi * std::asin(std::sqrt(x)); }) < 1.95);
}

TEST_CASE("shapes near 0 and far from it give numbers in [0, 1]") {
  for (const double alpha : {1e-12, 1e-3, 1e3, 1e12}) {
    for (std::int64_t i = 0; i < 200; ++i) {
      const double value = beta_sample(alpha, alpha, CounterRng(5, 0), i);
      CHECK((value >= 0 && value <= 1));
    }
  }
}

TEST_CASE("a sample's number depends on the seed, the epoch and its place, and is the same everywhere") {
  CHECK(beta_sample(0.2, 0.2, CounterRng(1, 2), 34) == beta_sample(0.2, 0.2, CounterRng(1, 2, 30), 4));
  CHECK(beta_sample(0.2, 0.2, CounterRng(1, 3), 34) != beta_sample(0.2, 0.2, CounterRng(1, 2), 34));
  // Computed with another program, in Python.
  CHECK(beta_sample(1, 1, CounterRng(1, 2, 30), 4) == doctest::Approx(0.6304939856755304).epsilon(1e-12));
  CHECK(beta_sample(0.2, 0.2, CounterRng(1, 2, 30), 4) == doctest::Approx(0.6109260626075984).epsilon(1e-12));
  CHECK(beta_sample(2, 5, CounterRng(7, 0)) == doctest::Approx(0.6889833601620915).epsilon(1e-12));
}

TEST_SUITE_END();
