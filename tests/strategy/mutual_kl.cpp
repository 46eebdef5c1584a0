// SPDX-License-Identifier: MIT
#include <afd/strategy/mutual_kl.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::MutualKL> && afd::EdgeTerm<afd::MutualKL>);
static_assert(!afd::TermMakesEdge<afd::MutualKL> && afd::MutualKL::level == afd::Level::logit);
static_assert(afd::ComparesViews<afd::MutualKL, torch::Tensor, torch::Tensor>);
static_assert(!afd::ComparesViews<afd::MutualKL, torch::Tensor, torch::Tensor, torch::Tensor>);

TEST_CASE("the view is the tempered log-probabilities, and the loss T^2 KL of teacher to student") {
  torch::manual_seed(0);
  const auto student = torch::randn({3, 5}, torch::kDouble), teacher = torch::randn({3, 5}, torch::kDouble);
  const afd::MutualKL term{.temperature = 2.5};
  const auto p = torch::softmax(teacher / 2.5, 1), q = torch::softmax(student / 2.5, 1);
  CHECK(torch::allclose(term.view(student).exp(), q));
  const double expected = (6.25 * (p * (p.log() - q.log())).sum() / 3).item<double>();
  CHECK(term.loss(term.view(student), term.view(teacher)).item<double>() == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("of places: classes are dimension 1, and each place is a sample") {
  torch::manual_seed(1);
  const auto student = torch::randn({2, 3, 4, 5}, torch::kDouble), teacher = torch::randn({2, 3, 4, 5}, torch::kDouble);
  const afd::MutualKL term;
  const auto p = torch::softmax(teacher / 3, 1), q = torch::softmax(student / 3, 1);
  const double expected = (9 * (p * (p.log() - q.log())).sum() / (2 * 4 * 5)).item<double>();
  CHECK(term.loss(term.view(student), term.view(teacher)).item<double>() == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("the default temperature is 3, and a bad one is refused") {
  CHECK(afd::MutualKL{}.temperature == 3.0);
  CHECK_THROWS_AS(static_cast<void>(afd::MutualKL{.temperature = 0}.view(torch::zeros({1, 2}))), afd::ConfigError);
}

TEST_CASE("one class has nothing to teach, and is refused") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::MutualKL{}.view(torch::zeros({4, 1}))),
                       doctest::Contains("use afd::MutualBinaryKL"), afd::ShapeError);
}

TEST_CASE("networks that agree have no loss") {
  const auto logits = torch::randn({4, 6}, torch::kDouble);
  const afd::MutualKL term;
  CHECK(term.loss(term.view(logits), term.view(logits + 7)).item<double>() == doctest::Approx(0.0));
}

TEST_SUITE_END();
