// SPDX-License-Identifier: MIT
#include <afd/loss/tempered_kl.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <torch/types.h>

#include <afd/interop/eigen.hpp>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor rows(std::vector<double> values, std::int64_t batch) {
  return torch::tensor(values, torch::kDouble).view({batch, -1});
}

/// Straight from the definition, in Eigen.
double kl_by_definition(const Tensor& student_logits, const Tensor& teacher_logits, double temperature) {
  const auto probabilities = [temperature](const Tensor& logits) {
    const Eigen::ArrayXXd e = (afd::as_matrix<double>(logits).array() / temperature).exp();
    return Eigen::ArrayXXd(e.colwise() / e.rowwise().sum());
  };
  const Eigen::ArrayXXd s = probabilities(student_logits);
  const Eigen::ArrayXXd t = probabilities(teacher_logits);
  return temperature * temperature * (t * (t / s).log()).rowwise().sum().mean();
}

}  // namespace

TEST_CASE("tempered log-probabilities are log softmax(z / T)") {
  const Tensor logits = rows({0.0, 3.0 * std::log(2.0)}, 1);  // at T = 3: odds of 1 to 2
  const Tensor log_p = afd::loss::tempered_log_probabilities(logits, 3.0);
  CHECK(log_p[0][0].item<double>() == Approx(std::log(1.0 / 3.0)).epsilon(1e-12));
  CHECK(log_p[0][1].item<double>() == Approx(std::log(2.0 / 3.0)).epsilon(1e-12));
}

TEST_CASE("the divergence is KL(teacher || student), not the other way round") {
  const Tensor teacher = rows({0.5, 0.5}, 1).log();
  const Tensor student = rows({0.25, 0.75}, 1).log();
  // 0.5 log(0.5 / 0.25) + 0.5 log(0.5 / 0.75) = 0.1438410...; swapped it would be 0.1308120...
  CHECK(afd::loss::tempered_kl(student, teacher, 1.0).item<double>() == Approx(0.14384103622589042).epsilon(1e-12));
  CHECK(afd::loss::tempered_kl(teacher, student, 1.0).item<double>() == Approx(0.13081203594113694).epsilon(1e-12));
}

TEST_CASE("T^2 multiplies, and only the factor depends on T once the log-probabilities are given") {
  const Tensor teacher = rows({0.5, 0.5}, 1).log();
  const Tensor student = rows({0.25, 0.75}, 1).log();
  CHECK(afd::loss::tempered_kl(student, teacher, 3.0).item<double>() == Approx(9 * 0.14384103622589042).epsilon(1e-12));
}

TEST_CASE("summed over classes, averaged over the batch") {
  const Tensor teacher = rows({0.5, 0.5}, 1).log();
  const Tensor student = rows({0.25, 0.75}, 1).log();
  const double one = afd::loss::tempered_kl(student, teacher, 1.0).item<double>();

  SUBCASE("repeating the sample changes nothing") {
    CHECK(afd::loss::tempered_kl(student.repeat({5, 1}), teacher.repeat({5, 1}), 1.0).item<double>() ==
          Approx(one).epsilon(1e-12));
  }
  SUBCASE("adding a sample without divergence halves it") {
    CHECK(afd::loss::tempered_kl(torch::cat({student, teacher}), torch::cat({teacher, teacher}), 1.0).item<double>() ==
          Approx(one / 2).epsilon(1e-12));
  }
  SUBCASE("splitting every class into two equal ones changes nothing") {
    const auto split = [](const Tensor& log_p) { return torch::cat({log_p, log_p}, 1) - std::log(2.0); };
    CHECK(afd::loss::tempered_kl(split(student), split(teacher), 1.0).item<double>() == Approx(one).epsilon(1e-12));
  }
}

TEST_CASE("over places: classes are dimension 1, and the mean is over batch and places") {
  torch::manual_seed(6);
  const Tensor student = torch::randn({2, 3, 4, 5}, torch::kDouble);
  const Tensor teacher = torch::randn({2, 3, 4, 5}, torch::kDouble);
  CHECK(torch::allclose(afd::loss::tempered_log_probabilities(student, 2.0).exp().sum(1),
                        torch::ones({2, 4, 5}, torch::kDouble)));
  const auto by_place = [](const Tensor& logits) { return logits.permute({0, 2, 3, 1}).reshape({40, 3}).contiguous(); };
  CHECK(afd::loss::tempered_kl_from_logits(student, teacher, 2.0).item<double>() ==
        Approx(kl_by_definition(by_place(student), by_place(teacher), 2.0)).epsilon(1e-10));
  const auto loss = [](const std::vector<Tensor>& z) { return afd::loss::tempered_kl_from_logits(z[0], z[1], 2.0); };
  CHECK(afd_test::max_gradient_error(
            loss, {torch::randn({2, 3, 2}, torch::kDouble), torch::randn({2, 3, 2}, torch::kDouble)}) < 1e-8);
}

TEST_CASE("from logits it agrees with the definition") {
  torch::manual_seed(1);
  const Tensor student = torch::randn({5, 7}, torch::kDouble) * 3;
  const Tensor teacher = torch::randn({5, 7}, torch::kDouble) * 3;
  for (const double temperature : {0.5, 1.0, 3.0, 20.0}) {
    CAPTURE(temperature);
    CHECK(afd::loss::tempered_kl_from_logits(student, teacher, temperature).item<double>() ==
          Approx(kl_by_definition(student, teacher, temperature)).epsilon(1e-10));
  }
}

TEST_CASE("equal distributions have no divergence; shifting logits changes nothing") {
  torch::manual_seed(2);
  const Tensor logits = torch::randn({4, 3}, torch::kDouble);
  CHECK(std::abs(afd::loss::tempered_kl_from_logits(logits + 7, logits, 3.0).item<double>()) < 1e-12);
}

TEST_CASE("for large T it becomes half the mean square difference of centred logits") {
  torch::manual_seed(3);
  const Tensor student = torch::randn({4, 6}, torch::kDouble);
  const Tensor teacher = torch::randn({4, 6}, torch::kDouble);
  const Tensor difference = student - teacher;
  const double limit = 0.5 * (difference - difference.mean(1, true)).square().mean().item<double>();
  CHECK(afd::loss::tempered_kl_from_logits(student, teacher, 1e4).item<double>() == Approx(limit).epsilon(1e-3));
}

TEST_CASE("gradients match finite differences, for student and teacher alike") {
  torch::manual_seed(4);
  const Tensor student = torch::randn({3, 4}, torch::kDouble);
  const Tensor teacher = torch::randn({3, 4}, torch::kDouble);
  const auto loss = [](const std::vector<Tensor>& z) { return afd::loss::tempered_kl_from_logits(z[0], z[1], 3.0); };
  CHECK(afd_test::max_gradient_error(loss, {student, teacher}) < 1e-8);
}

TEST_CASE("the student's gradient is T (p_s - p_t) / N") {
  torch::manual_seed(5);
  Tensor student = torch::randn({3, 4}, torch::kDouble).requires_grad_();
  const Tensor teacher = torch::randn({3, 4}, torch::kDouble);
  afd::loss::tempered_kl_from_logits(student, teacher, 3.0).backward();
  const Tensor expected = 3.0 / 3.0 * (torch::softmax(student.detach() / 3, 1) - torch::softmax(teacher / 3, 1));
  CHECK(torch::allclose(student.grad(), expected, 1e-10, 1e-12));
}

TEST_CASE("classes that the teacher rules out count nothing, and harm no gradient") {
  SUBCASE("underflowed probabilities, single precision") {
    Tensor student = torch::tensor({{0.0F, 0.0F}}).requires_grad_();
    Tensor teacher = torch::tensor({{0.0F, -2000.0F}}).requires_grad_();
    const Tensor loss = afd::loss::tempered_kl_from_logits(student, teacher, 1.0);
    loss.backward();
    CHECK(loss.item<float>() == Approx(std::log(2.0)).epsilon(1e-6));
    CHECK(torch::allclose(student.grad(), torch::tensor({{-0.5F, 0.5F}})));
    CHECK(teacher.grad().isfinite().all().item<bool>());
  }
  SUBCASE("classes masked with a large negative logit in both") {
    Tensor student = rows({0.0, std::log(3.0), -1e4}, 1).requires_grad_();
    Tensor teacher = rows({0.0, 0.0, -1e4}, 1).requires_grad_();
    const Tensor loss = afd::loss::tempered_kl_from_logits(student, teacher, 1.0);
    loss.backward();
    CHECK(loss.item<double>() == Approx(0.14384103622589042).epsilon(1e-12));
    CHECK(torch::allclose(student.grad(), rows({-0.25, 0.25, 0.0}, 1)));
    CHECK(teacher.grad().isfinite().all().item<bool>());
  }
  SUBCASE("a class that only the student rules out is an infinite divergence") {
    CHECK(std::isinf(afd::loss::tempered_kl(rows({1.0, 0.0}, 1).log(), rows({0.5, 0.5}, 1).log(), 1.0).item<double>()));
  }
}

TEST_CASE("bad arguments are refused in words") {
  const Tensor logits = torch::zeros({2, 3});
  for (const double bad : {0.0, -1.0, infinity, std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::tempered_log_probabilities(logits, bad)),
                         doctest::Contains("temperature must be positive"), afd::ConfigError);
    CHECK_THROWS_AS(static_cast<void>(afd::loss::tempered_kl(logits, logits, bad)), afd::ConfigError);
  }
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::tempered_log_probabilities(torch::zeros({3}), 1.0)),
                       doctest::Contains("needs [N, classes] or [N, classes, ...], but got shape [3]"),
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::tempered_log_probabilities(torch::zeros({3, 1}), 1.0)),
                       doctest::Contains("afd::MutualBinaryKL"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::tempered_kl(torch::zeros({3}), torch::zeros({3}), 1.0)),
                  afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::tempered_kl(logits, torch::zeros({2, 4}), 1.0)),
                       doctest::Contains("same classes"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::tempered_kl(logits, torch::zeros({1, 3}), 1.0)),
                       doctest::Contains("[1, 3]"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::tempered_kl(torch::zeros({0, 3}), torch::zeros({0, 3}), 1.0)),
                  afd::DataError);
}

TEST_SUITE_END();
