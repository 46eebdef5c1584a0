// SPDX-License-Identifier: MIT
#include <afd/loss/labelled_kl.hpp>
//
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/doctest.hpp"
#include "support/finite_difference.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;

constexpr std::int64_t none = -100;

Tensor labels(std::vector<std::int64_t> values) {
  return torch::tensor(values, torch::kInt64);
}

/// One row of probabilities, taken apart as the paper has it: that of the label, and the others' among themselves.
struct ByDefinition {
  double target = 0;
  double others = 0;

  ByDefinition(const Tensor& student, const Tensor& teacher, std::int64_t label, double t) {
    const Tensor p = torch::softmax(teacher / t, 0), q = torch::softmax(student / t, 0);
    const auto of = [](const Tensor& row, std::int64_t c) { return row[c].item<double>(); };
    const double py = of(p, label), qy = of(q, label);
    target = t * t * (py * std::log(py / qy) + (1 - py) * std::log((1 - py) / (1 - qy)));
    for (std::int64_t c = 0; c < student.size(0); ++c) {
      if (c == label) continue;
      const double a = of(p, c) / (1 - py), b = of(q, c) / (1 - qy);
      others += t * t * a * std::log(a / b);
    }
  }
};

}  // namespace

TEST_CASE("both parts agree with the paper's definition, whatever the label") {
  torch::manual_seed(0);
  const Tensor student = torch::randn({5, 4}, torch::kDouble) * 3, teacher = torch::randn({5, 4}, torch::kDouble) * 3;
  const Tensor y = labels({0, 1, 2, 3, 1});
  for (const double temperature : {1.0, 4.0}) {
    double target = 0, others = 0;
    for (std::int64_t n = 0; n < 5; ++n) {
      const ByDefinition row(student[n], teacher[n], y[n].item<std::int64_t>(), temperature);
      target += row.target / 5;
      others += row.others / 5;
    }
    const afd::DecoupledParts parts = afd::loss::decoupled_kl(student, teacher, y, temperature, none);
    CHECK(parts.target.item<double>() == Approx(target).epsilon(1e-11));
    CHECK(parts.others.item<double>() == Approx(others).epsilon(1e-11));
  }
}

TEST_CASE("with the teacher's doubt as the factor of the others they are the divergence itself") {
  torch::manual_seed(1);
  const Tensor student = torch::randn({1, 6}, torch::kDouble), teacher = torch::randn({1, 6}, torch::kDouble);
  const afd::DecoupledParts parts = afd::loss::decoupled_kl(student, teacher, labels({2}), 3.0, none);
  const double doubt = 1 - torch::softmax(teacher / 3, 1)[0][2].item<double>();
  CHECK(parts.target.item<double>() + doubt * parts.others.item<double>() ==
        Approx(afd::loss::tempered_kl_from_logits(student, teacher, 3.0).item<double>()).epsilon(1e-11));
}

TEST_CASE("of two classes there is one other") {
  const Tensor student = torch::tensor({{0.0, 1.0}}, torch::kDouble),
               teacher = torch::tensor({{2.0, 0.0}}, torch::kDouble);
  const afd::DecoupledParts parts = afd::loss::decoupled_kl(student, teacher, labels({1}), 1.0, none);
  CHECK(parts.target.item<double>() ==
        Approx(afd::loss::tempered_kl_from_logits(student, teacher, 1.0).item<double>()).epsilon(1e-12));
  CHECK(parts.others.item<double>() == 0);
}

TEST_CASE("samples without a label have no part in the mean, and no gradient") {
  torch::manual_seed(2);
  Tensor student = torch::randn({3, 4}, torch::kDouble);
  const Tensor teacher = torch::randn({3, 4}, torch::kDouble);
  const auto of = [&](const Tensor& y, std::int64_t from, std::int64_t to) {
    const auto parts = afd::loss::decoupled_kl(student.slice(0, from, to), teacher.slice(0, from, to), y, 2.0, none);
    return parts.target + 8 * parts.others;
  };
  student.requires_grad_();
  const Tensor loss = of(labels({1, 3, none}), 0, 3);
  CHECK(loss.item<double>() == Approx(of(labels({1, 3}), 0, 2).item<double>()).epsilon(1e-12));
  loss.backward();
  CHECK(student.grad().slice(0, 0, 2).ne(0).all().item<bool>());
  CHECK(student.grad()[2].eq(0).all().item<bool>());
  CHECK(of(labels({none, none, none}), 0, 3).item<double>() == 0);
}

TEST_CASE("gradients of both parts match finite differences, for student and teacher alike") {
  torch::manual_seed(3);
  const auto loss = [](const std::vector<Tensor>& z) {
    const auto parts = afd::loss::decoupled_kl(z[0], z[1], labels({1, none, 0}), 2.0, none);
    return parts.target + 3 * parts.others;
  };
  CHECK(afd_test::max_gradient_error(
            loss, {torch::randn({3, 4}, torch::kDouble), torch::randn({3, 4}, torch::kDouble)}) < 1e-8);
}

TEST_CASE("a teacher that is all but sure does no harm, in single precision, either") {
  for (const float sure : {1e4F, -1e4F}) {
    CAPTURE(sure);
    Tensor student = torch::tensor({{0.0F, 1.0F, 2.0F}}).requires_grad_();
    Tensor teacher = torch::tensor({{sure, 1.0F, 0.0F}}).requires_grad_();
    const auto parts = afd::loss::decoupled_kl(student, teacher, labels({0}), 1.0, none);
    const float rest = std::log(std::exp(1.0F) + std::exp(2.0F));
    CHECK(parts.target.item<float>() == Approx(std::log1p(std::exp(sure > 0 ? rest : -rest))).epsilon(1e-5));
    CHECK(parts.others.item<float>() == Approx(std::tanh(0.5)).epsilon(1e-5));  // of odds e : 1 to odds 1 : e
    (parts.target + parts.others).backward();
    CHECK(student.grad().isfinite().all().item<bool>());
    CHECK(teacher.grad().isfinite().all().item<bool>());
  }
}

TEST_CASE("places are samples") {
  torch::manual_seed(4);
  const Tensor student = torch::randn({2, 3, 2, 4}, torch::kDouble),
               teacher = torch::randn({2, 3, 2, 4}, torch::kDouble);
  const Tensor y = torch::randint(3, {2, 2, 4}, torch::kInt64);
  const auto by_place = [](const Tensor& logits) { return logits.permute({0, 2, 3, 1}).reshape({16, 3}); };
  const auto dense = afd::loss::decoupled_kl(student, teacher, y, 2.0, none);
  const auto flat = afd::loss::decoupled_kl(by_place(student), by_place(teacher), y.flatten(), 2.0, none);
  CHECK(dense.target.item<double>() == Approx(flat.target.item<double>()).epsilon(1e-12));
  CHECK(dense.others.item<double>() == Approx(flat.others.item<double>()).epsilon(1e-12));
  CHECK(
      afd::loss::correct_teacher_kl(student, teacher, y, 2.0, none).item<double>() ==
      Approx(afd::loss::correct_teacher_kl(by_place(student), by_place(teacher), y.flatten(), 2.0, none).item<double>())
          .epsilon(1e-12));
}

TEST_CASE("a teacher is learnt from where it is right, and the mean is over the whole batch") {
  torch::manual_seed(5);
  Tensor student = torch::randn({4, 3}, torch::kDouble);
  const Tensor teacher =
      torch::tensor({{2.0, 1.0, 0.0}, {0.0, 2.0, 1.0}, {0.0, 1.0, 2.0}, {2.0, 0.0, 1.0}}, torch::kDouble);
  const Tensor y = labels({0, 2, 2, none});  // right, wrong, right, not known
  student.requires_grad_();
  const Tensor loss = afd::loss::correct_teacher_kl(student, teacher, y, 2.0, none);
  const auto one = [&](std::int64_t n) {
    return afd::loss::tempered_kl_from_logits(student.slice(0, n, n + 1), teacher.slice(0, n, n + 1), 2.0)
        .item<double>();
  };
  CHECK(loss.item<double>() == Approx((one(0) + one(2)) / 4).epsilon(1e-12));
  loss.backward();
  for (const int n : {0, 2}) CHECK(student.grad()[n].abs().sum().item<double>() > 1e-3);
  for (const int n : {1, 3}) CHECK(student.grad()[n].eq(0).all().item<bool>());
  // A class can stand for no label: then no teacher is right to say it.
  CHECK(afd::loss::correct_teacher_kl(student, teacher, y, 2.0, 2).item<double>() == Approx(one(0) / 4).epsilon(1e-12));
}

TEST_CASE("a teacher that is always right gives the divergence itself, and so its gradient") {
  torch::manual_seed(6);
  const Tensor student = torch::randn({3, 4}, torch::kDouble), teacher = torch::randn({3, 4}, torch::kDouble);
  const Tensor right = teacher.argmax(1);
  CHECK(afd::loss::correct_teacher_kl(student, teacher, right, 3.0, none).item<double>() ==
        Approx(afd::loss::tempered_kl_from_logits(student, teacher, 3.0).item<double>()).epsilon(1e-12));
  const auto loss = [&](const std::vector<Tensor>& z) {
    return afd::loss::correct_teacher_kl(z[0], z[1], right, 3.0, none);
  };
  CHECK(afd_test::max_gradient_error(loss, {student.clone(), teacher.clone()}) < 1e-8);
}

TEST_CASE("bad arguments of either are refused in words") {
  const auto refuses_as = [](const auto& function) {
    const Tensor logits = torch::zeros({2, 3}), y = labels({0, 1});
    CHECK_THROWS_WITH_AS(function(logits, logits, y, 0.0), doctest::Contains("must be positive"), afd::ConfigError);
    CHECK_THROWS_WITH_AS(function(logits, torch::zeros({2, 4}), y, 1.0), doctest::Contains("the teacher's [2, 4]"),
                         afd::ShapeError);
    CHECK_THROWS_WITH_AS(function(logits, logits, labels({0}), 1.0), doctest::Contains("2 inputs, but 1 targets"),
                         afd::DataError);
    CHECK_THROWS_WITH_AS(function(logits, logits, Tensor(), 1.0), doctest::Contains("int64 labels [N]"),
                         afd::DataError);
    CHECK_THROWS_WITH_AS(function(logits, logits, torch::zeros({2, 3}), 1.0), doctest::Contains("argmax(1)"),
                         afd::DataError);
    CHECK_THROWS_AS(function(torch::zeros({0, 3}), torch::zeros({0, 3}), labels({}), 1.0), afd::DataError);
  };
  refuses_as([](const Tensor& student, const Tensor& teacher, const Tensor& y, double t) {
    static_cast<void>(afd::loss::decoupled_kl(student, teacher, y, t, none));
  });
  refuses_as([](const Tensor& student, const Tensor& teacher, const Tensor& y, double t) {
    static_cast<void>(afd::loss::correct_teacher_kl(student, teacher, y, t, none));
  });
}

TEST_SUITE_END();
