// SPDX-License-Identifier: MIT
#include <afd/optim/sgd.hpp>
//
#include <array>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

namespace {

double after_two_steps(const afd::Sgd& sgd) {
  torch::Tensor w = torch::full({1}, 2.0, torch::TensorOptions(torch::kDouble).requires_grad(true));
  auto state = sgd.make({w});
  for (const double g : {1.0, -0.5}) {
    const std::array<torch::Tensor, 1> gradient{torch::full({1}, g, torch::kDouble)};
    state.apply(gradient);
  }
  return w.item<double>();
}

}  // namespace

TEST_CASE("two steps follow the recurrence, with momentum, weight decay and Nesterov") {
  for (const bool nesterov : {false, true}) {
    CAPTURE(nesterov);
    double w = 2, v = 0;
    for (const double g : {1.0, -0.5}) {
      const double d = g + 0.01 * w;
      v = (v == 0 ? d : 0.9 * v + d);
      w -= 0.1 * (nesterov ? d + 0.9 * v : v);
    }
    const afd::Sgd sgd{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = nesterov};
    CHECK(after_two_steps(sgd) == doctest::Approx(w).epsilon(1e-12));
  }
  CHECK(after_two_steps({.lr = 0.1, .momentum = 0, .weight_decay = 0}) == doctest::Approx(2 - 0.1 + 0.05));
}

TEST_CASE("options that cannot work are refused") {
  const auto make = [](const afd::Sgd& sgd) {
    static_cast<void>(sgd.make({torch::zeros({1}, torch::requires_grad())}));
  };
  CHECK_NOTHROW(make({}));
  CHECK_THROWS_AS(make({.lr = 0}), afd::ConfigError);
  CHECK_THROWS_AS(make({.momentum = 1}), afd::ConfigError);
  CHECK_THROWS_AS(make({.momentum = 0, .nesterov = true}), afd::ConfigError);
  CHECK_THROWS_AS(make({.weight_decay = -1}), afd::ConfigError);
}

TEST_SUITE_END();
