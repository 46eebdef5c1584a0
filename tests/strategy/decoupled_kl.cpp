// SPDX-License-Identifier: MIT
#include <afd/strategy/decoupled_kl.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::DecoupledKL> && afd::EdgeTerm<afd::DecoupledKL>);
static_assert(!afd::TermMakesEdge<afd::DecoupledKL> && afd::DecoupledKL::level == afd::Level::logit);
static_assert(afd::ComparesViews<afd::DecoupledKL, torch::Tensor, torch::Tensor, torch::Tensor>);
static_assert(!afd::ComparesViews<afd::DecoupledKL, torch::Tensor, torch::Tensor>);

using torch::Tensor;

TEST_CASE("alpha is the factor of the label's part, beta that of the others'; defaults are the paper's") {
  torch::manual_seed(0);
  const Tensor student = torch::randn({3, 5}, torch::kDouble), teacher = torch::randn({3, 5}, torch::kDouble);
  const Tensor labels = torch::tensor({4, 0, 2}, torch::kInt64);
  const auto loss = [&](const afd::DecoupledKL& term) {
    return term.loss(term.view(student), term.view(teacher), labels).item<double>();
  };
  const auto parts = afd::loss::decoupled_kl(student, teacher, labels, 2.0, -100);
  const double target = parts.target.item<double>(), others = parts.others.item<double>();
  CHECK(loss({.alpha = 3, .beta = 0.5, .temperature = 2}) == doctest::Approx(3 * target + 0.5 * others).epsilon(1e-12));
  CHECK(loss({}) == doctest::Approx(loss({.alpha = 1, .beta = 8, .temperature = 4})).epsilon(1e-12));
}

TEST_CASE("only the student learns from a constant, and nothing of samples without a label") {
  const afd::DecoupledKL term{.ignore_index = 255};
  const Tensor student = torch::randn({2, 3}).requires_grad_(), teacher = torch::randn({2, 3}).requires_grad_();
  term.loss(term.view(student), term.view(teacher).detach(), torch::tensor({1, 255}, torch::kInt64)).backward();
  CHECK(student.grad()[0].ne(0).all().item<bool>());
  CHECK(student.grad()[1].eq(0).all().item<bool>());
  CHECK_FALSE(teacher.grad().defined());
}

TEST_CASE("labels are checked: shape, dtype and values") {
  const afd::DecoupledKL term;
  const Tensor logits = torch::zeros({6, 4});
  CHECK_NOTHROW(term.check(logits, torch::zeros({6}, torch::kInt64)));
  CHECK_THROWS_WITH_AS(term.check(logits, torch::zeros({6, 4})),
                       doctest::Contains("decoupled_kl: targets must be int64 class labels"), afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(logits, {}), doctest::Contains("give int64 labels [N]"), afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(torch::zeros({6, 1}), torch::zeros({6}, torch::kInt64)),
                       doctest::Contains("one class"), afd::DataError);
  CHECK_NOTHROW(term.check_values(logits, torch::tensor({0, 3, -100, 0, 0, 0}, torch::kInt64)));
  CHECK_THROWS_WITH_AS(term.check_values(logits, torch::full({6}, 4, torch::kInt64)), doctest::Contains("label 4"),
                       afd::DataError);
}

TEST_SUITE_END();
