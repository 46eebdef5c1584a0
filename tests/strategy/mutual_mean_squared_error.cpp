// SPDX-License-Identifier: MIT
#include <afd/strategy/mutual_mean_squared_error.hpp>
//
#include <vector>

#include "support/doctest.hpp"
#include "support/finite_difference.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::MutualMeanSquaredError> && afd::EdgeTerm<afd::MutualMeanSquaredError>);
static_assert(!afd::TermMakesEdge<afd::MutualMeanSquaredError>);
static_assert(afd::MutualMeanSquaredError::level == afd::Level::logit);

using torch::Tensor;

TEST_CASE("the mean of squares is over all numbers, and predictions are looked at as they are") {
  const afd::MutualMeanSquaredError term;
  const Tensor student = torch::tensor({{1.0, 2.0}, {3.0, 5.0}}, torch::kDouble);
  const Tensor teacher = torch::tensor({{1.0, 0.0}, {6.0, 4.0}}, torch::kDouble);
  CHECK(term.view(student).is_same(student));
  CHECK(term.loss(term.view(student), term.view(teacher)).item<double>() == doctest::Approx(3.5).epsilon(1e-14));
}

TEST_CASE("gradients are exact, and reach what is no constant only") {
  torch::manual_seed(0);
  const auto loss = [](const std::vector<Tensor>& in) { return afd::MutualMeanSquaredError{}.loss(in[0], in[1]); };
  CHECK(afd_test::max_gradient_error(
            loss, {torch::randn({3, 2}, torch::kDouble), torch::randn({3, 2}, torch::kDouble)}) < 1e-8);
  const Tensor student = torch::ones({2}).requires_grad_(), teacher = torch::zeros({2}).requires_grad_();
  loss({student, teacher.detach()}).backward();
  CHECK(student.grad().equal(torch::ones({2})));
  CHECK_FALSE(teacher.grad().defined());
}

TEST_CASE("predictions of two shapes are refused, not broadcast") {
  const auto check = [](const Tensor& student, const Tensor& teacher) {
    static_cast<void>(afd::MutualMeanSquaredError{}.loss(student, teacher));
  };
  CHECK_THROWS_WITH_AS(check(torch::zeros({6}), torch::zeros({6, 1})),
                       "mutual_mean_squared_error: the student's shape [6] differs from the teacher's [6, 1]; both "
                       "networks must predict the same numbers of a sample",
                       afd::ShapeError);
  CHECK_THROWS_AS(check(torch::zeros({0, 2}), torch::zeros({0, 2})), afd::DataError);
}

TEST_SUITE_END();
