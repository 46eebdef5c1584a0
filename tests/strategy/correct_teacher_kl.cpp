// SPDX-License-Identifier: MIT
#include <afd/strategy/correct_teacher_kl.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::CorrectTeacherKL> && afd::EdgeTerm<afd::CorrectTeacherKL>);
static_assert(!afd::TermMakesEdge<afd::CorrectTeacherKL> && afd::CorrectTeacherKL::level == afd::Level::logit);
static_assert(afd::ComparesViews<afd::CorrectTeacherKL, torch::Tensor, torch::Tensor, torch::Tensor>);
static_assert(!afd::ComparesViews<afd::CorrectTeacherKL, torch::Tensor, torch::Tensor>);

using torch::Tensor;

TEST_CASE("where the teacher is wrong nothing is learnt from it, and the mean is over the batch") {
  const afd::CorrectTeacherKL term{.temperature = 2};
  const Tensor student = torch::tensor({{0.0, 1.0}, {0.0, 1.0}}, torch::kDouble).requires_grad_();
  const Tensor teacher = torch::tensor({{3.0, 0.0}, {3.0, 0.0}}, torch::kDouble).requires_grad_();
  const Tensor p = torch::softmax(teacher.detach()[0] / 2, 0), q = torch::softmax(student.detach()[0] / 2, 0);
  const double one = (4 * (p * (p / q).log()).sum()).item<double>();
  const Tensor loss = term.loss(term.view(student), term.view(teacher).detach(), torch::tensor({0, 1}, torch::kInt64));
  CHECK(loss.item<double>() == doctest::Approx(one / 2).epsilon(1e-12));
  loss.backward();
  CHECK(student.grad()[0].ne(0).all().item<bool>());
  CHECK(student.grad()[1].eq(0).all().item<bool>());
  CHECK_FALSE(teacher.grad().defined());
  const Tensor unlabelled = torch::tensor({0, 0}, torch::kInt64);
  CHECK(afd::CorrectTeacherKL{.ignore_index = 0}.loss(student, teacher, unlabelled).item<double>() == 0);
  CHECK(afd::CorrectTeacherKL{.temperature = 3}.loss(student, teacher, unlabelled).item<double>() ==
        doctest::Approx(afd::CorrectTeacherKL{}.loss(student, teacher, unlabelled).item<double>()));
}

TEST_CASE("labels are checked: shape, dtype and values") {
  const afd::CorrectTeacherKL term;
  const Tensor logits = torch::zeros({6, 4});
  CHECK_NOTHROW(term.check(logits, torch::zeros({6}, torch::kInt64)));
  CHECK_THROWS_WITH_AS(term.check(logits, torch::zeros({6, 1}, torch::kInt64)),
                       doctest::Contains("correct_teacher_kl: labels of shape [6, 1]"), afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(logits, {}), doctest::Contains("give int64 labels [N]"), afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(torch::zeros({6, 1}), torch::zeros({6}, torch::kInt64)),
                       doctest::Contains("one class"), afd::DataError);
  CHECK_NOTHROW(term.check_values(logits, torch::tensor({0, 3, -100, 0, 0, 0}, torch::kInt64)));
  CHECK_THROWS_WITH_AS(term.check_values(logits, torch::full({6}, 4, torch::kInt64)), doctest::Contains("label 4"),
                       afd::DataError);
}

TEST_SUITE_END();
