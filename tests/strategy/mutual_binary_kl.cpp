// SPDX-License-Identifier: MIT
#include <afd/strategy/mutual_binary_kl.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::MutualBinaryKL> && afd::EdgeTerm<afd::MutualBinaryKL>);
static_assert(!afd::TermMakesEdge<afd::MutualBinaryKL> && afd::MutualBinaryKL::level == afd::Level::logit);

using torch::Tensor;

TEST_CASE("the loss is T^2 KL of teacher to student, class by class") {
  torch::manual_seed(0);
  const Tensor student = torch::randn({3, 5}, torch::kDouble), teacher = torch::randn({3, 5}, torch::kDouble);
  const afd::MutualBinaryKL term{.temperature = 2.5};
  const Tensor p = torch::sigmoid(teacher / 2.5), q = torch::sigmoid(student / 2.5);
  const Tensor terms = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log();
  CHECK(term.loss(term.view(student), term.view(teacher)).item<double>() ==
        doctest::Approx((6.25 * terms.sum() / 3).item<double>()).epsilon(1e-12));
}

TEST_CASE("classes do not exclude each other: a shift of all logits is a difference") {
  const afd::MutualBinaryKL term;
  const Tensor logits = torch::zeros({4, 6}, torch::kDouble);
  CHECK(term.loss(term.view(logits), term.view(logits)).item<double>() == 0);
  CHECK(term.loss(term.view(logits + 2), term.view(logits)).item<double>() > 1);
}

TEST_CASE("only the student learns from a constant") {
  const afd::MutualBinaryKL term;
  const Tensor student = torch::ones({2, 3}).requires_grad_(), teacher = torch::zeros({2, 3}).requires_grad_();
  term.loss(term.view(student), term.view(teacher).detach()).backward();
  CHECK(student.grad().gt(0).all().item<bool>());
  CHECK_FALSE(teacher.grad().defined());
}

TEST_SUITE_END();
