// SPDX-License-Identifier: MIT
#include <afd/strategy/mean_squared_error.hpp>
//
#include <limits>
#include <vector>

#include "support/doctest.hpp"
#include "support/finite_difference.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::MeanSquaredError> && afd::NetworkTerm<afd::MeanSquaredError>);
static_assert(afd::MeanSquaredError::level == afd::Level::logit);

using torch::Tensor;

TEST_CASE("the mean of squares is over all numbers") {
  const Tensor predictions = torch::tensor({{1.0, 2.0}, {3.0, 5.0}}, torch::kDouble);
  const Tensor targets = torch::tensor({{1.0, 0.0}, {6.0, 4.0}}, torch::kDouble);
  CHECK(afd::MeanSquaredError{.weight = 3}.loss(predictions, targets).item<double>() ==
        doctest::Approx((0 + 4 + 9 + 1) / 4.0).epsilon(1e-14));
}

TEST_CASE("targets of another precision change neither the loss's dtype nor the gradient's") {
  const Tensor predictions = torch::tensor({1.0F, 2.0F}).requires_grad_();
  const Tensor loss = afd::MeanSquaredError{}.loss(predictions, torch::tensor({0.0, 4.0}, torch::kDouble));
  CHECK((loss.scalar_type() == torch::kFloat32));
  loss.backward();
  CHECK(predictions.grad().equal(torch::tensor({1.0F, -2.0F})));
}

TEST_CASE("its gradient is exact") {
  torch::manual_seed(0);
  const Tensor targets = torch::randn({3, 2}, torch::kDouble);
  const auto loss = [&](const std::vector<Tensor>& in) { return afd::MeanSquaredError{}.loss(in[0], targets); };
  CHECK(afd_test::max_gradient_error(loss, {torch::randn({3, 2}, torch::kDouble)}) < 1e-8);
}

TEST_CASE("what would be broadcast is refused") {
  const afd::MeanSquaredError term;
  const auto refuses = [&](torch::IntArrayRef predictions, const Tensor& targets, const char* message) {
    CHECK_THROWS_WITH_AS(term.check(torch::zeros(predictions), targets), doctest::Contains(message), afd::DataError);
  };
  CHECK_NOTHROW(term.check(torch::zeros({6}), torch::zeros({6})));
  CHECK_NOTHROW(term.check(torch::zeros({6, 1, 4, 4}), torch::zeros({6, 1, 4, 4}, torch::kDouble)));
  refuses({6, 1}, torch::zeros({6}), "mean_squared_error: targets are Float of shape [6]");
  refuses({6, 1}, torch::zeros({6}), "predictions' shape [6, 1]; give targets.unsqueeze(1)");
  refuses({6}, torch::zeros({6, 1}), "give targets.squeeze(1)");
  refuses({6, 2}, torch::zeros({6, 2}, torch::kInt64), "give targets.to(torch::kFloat32)");
  refuses({6, 2}, torch::zeros({6, 3}), "give a number for each prediction");
}

TEST_CASE("targets are finite") {
  const afd::MeanSquaredError term;
  CHECK_NOTHROW(term.check_values(torch::zeros({2}), torch::tensor({1e30, -3.0})));
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_WITH_AS(term.check_values(torch::zeros({2}), torch::tensor({1.0, bad})),
                         doctest::Contains("targets hold NaN or infinity"), afd::DataError);
  }
}

TEST_SUITE_END();
