// SPDX-License-Identifier: MIT
#include <afd/optim/adam.hpp>
//
#include <array>
#include <cmath>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

TEST_CASE("steps follow the recurrence, weight decay inside the gradient") {
  torch::Tensor w = torch::full({1}, 2.0, torch::TensorOptions(torch::kDouble).requires_grad(true));
  const afd::Adam adam{.lr = 0.1, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-6, .weight_decay = 0.05};
  auto state = adam.make({w});
  double expected = 2, m = 0, v = 0;
  for (int t = 1; t <= 4; ++t) {
    const double g = std::sin(3.0 * t);
    const std::array<torch::Tensor, 1> gradient{torch::full({1}, g, torch::kDouble)};
    state.apply(gradient);
    const double d = g + 0.05 * expected;
    m = 0.8 * m + 0.2 * d;
    v = 0.9 * v + 0.1 * d * d;
    expected -= 0.1 * (m / (1 - std::pow(0.8, t))) / (std::sqrt(v / (1 - std::pow(0.9, t))) + 1e-6);
  }
  CHECK(w.item<double>() == doctest::Approx(expected).epsilon(1e-10));
}

TEST_CASE("options that cannot work are refused") {
  const auto make = [](const afd::Adam& adam) {
    static_cast<void>(adam.make({torch::zeros({1}, torch::requires_grad())}));
  };
  CHECK_NOTHROW(make({}));
  CHECK_THROWS_AS(make({.lr = -1}), afd::ConfigError);
  CHECK_THROWS_AS(make({.beta1 = 1}), afd::ConfigError);
  CHECK_THROWS_AS(make({.beta2 = -0.1}), afd::ConfigError);
  CHECK_THROWS_AS(make({.eps = 0}), afd::ConfigError);
  CHECK_THROWS_AS(make({.weight_decay = -1}), afd::ConfigError);
}

TEST_SUITE_END();
