// SPDX-License-Identifier: MIT
#include <afd/strategy/mutual_kl.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::EdgeTerm<afd::MutualKL> && afd::ComparesViews<afd::MutualKL>);
static_assert(afd::MutualKL::level == afd::Level::logit);

TEST_CASE("the view is the tempered log-probabilities, and the loss T^2 KL of teacher to student") {
  torch::manual_seed(0);
  const auto student = torch::randn({3, 5}, torch::kDouble), teacher = torch::randn({3, 5}, torch::kDouble);
  const afd::MutualKL term{.temperature = 2.5};
  const auto p = torch::softmax(teacher / 2.5, 1), q = torch::softmax(student / 2.5, 1);
  CHECK(torch::allclose(term.view({{}, student}).exp(), q));
  const double expected = (6.25 * (p * (p.log() - q.log())).sum() / 3).item<double>();
  CHECK(term.loss(term.view({{}, student}), term.view({{}, teacher})).item<double>() ==
        doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("the default temperature is 3, and a bad one is refused") {
  CHECK(afd::MutualKL{}.temperature == 3.0);
  CHECK_THROWS_AS(static_cast<void>(afd::MutualKL{.temperature = 0}.view({{}, torch::zeros({1, 2})})),
                  afd::ConfigError);
}

TEST_CASE("networks that agree have no loss") {
  const auto logits = torch::randn({4, 6}, torch::kDouble);
  const afd::MutualKL term;
  CHECK(term.loss(term.view({{}, logits}), term.view({{}, logits + 7})).item<double>() == doctest::Approx(0.0));
}

TEST_SUITE_END();
