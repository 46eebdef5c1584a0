// SPDX-License-Identifier: MIT
#include <afd/loss/tempered_binary_kl.hpp>
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

Tensor logs(const Tensor& logits, double temperature = 1.0) {
  return afd::loss::tempered_binary_log_probabilities(logits, temperature);
}
Tensor kl(const Tensor& student, const Tensor& teacher, double temperature = 1.0) {
  return afd::loss::tempered_binary_kl(logs(student, temperature), logs(teacher, temperature), temperature);
}
/// Of two probabilities, straight from the definition.
double bernoulli_kl(double teacher, double student) {
  return teacher * std::log(teacher / student) + (1 - teacher) * std::log((1 - teacher) / (1 - student));
}
double sigmoid(double z) {
  return 1 / (1 + std::exp(-z));
}

}  // namespace

TEST_CASE("log-probabilities of a label and of its absence are those of a tempered sigmoid") {
  const Tensor pairs = logs(torch::tensor({{2 * std::log(3.0), 0.0}}, torch::kDouble), 2.0);  // odds of 3 to 1
  CHECK(pairs.sizes() == torch::IntArrayRef({1, 2, 2}));
  CHECK(pairs[0][0][0].item<double>() == Approx(std::log(0.75)).epsilon(1e-12));
  CHECK(pairs[0][0][1].item<double>() == Approx(std::log(0.25)).epsilon(1e-12));
  CHECK(pairs[0][1][0].item<double>() == Approx(std::log(0.5)).epsilon(1e-12));
}

TEST_CASE("the divergence is KL(teacher || student) of each class, summed over the classes") {
  const Tensor student = torch::tensor({{0.3, -1.2}}, torch::kDouble);
  const Tensor teacher = torch::tensor({{-0.7, 2.5}}, torch::kDouble);
  for (const double temperature : {1.0, 2.5}) {
    CAPTURE(temperature);
    const double first = bernoulli_kl(sigmoid(-0.7 / temperature), sigmoid(0.3 / temperature));
    const double second = bernoulli_kl(sigmoid(2.5 / temperature), sigmoid(-1.2 / temperature));
    CHECK(kl(student, teacher, temperature).item<double>() ==
          Approx(temperature * temperature * (first + second)).epsilon(1e-12));
  }
}

TEST_CASE("averaged over the batch, and over places") {
  torch::manual_seed(0);
  const Tensor student = torch::randn({1, 3}, torch::kDouble), teacher = torch::randn({1, 3}, torch::kDouble);
  const double one = kl(student, teacher).item<double>();
  CHECK(kl(student.repeat({5, 1}), teacher.repeat({5, 1})).item<double>() == Approx(one).epsilon(1e-12));
  CHECK(kl(torch::cat({student, teacher}), torch::cat({teacher, teacher})).item<double>() ==
        Approx(one / 2).epsilon(1e-12));
  CHECK(kl(student.repeat({1, 2}), teacher.repeat({1, 2})).item<double>() == Approx(2 * one).epsilon(1e-12));
  const auto places = [](const Tensor& logits) { return logits.view({1, 3, 1, 1}).expand({1, 3, 4, 2}); };
  CHECK(kl(places(student), places(teacher)).item<double>() == Approx(one).epsilon(1e-12));
  // One logit per sample, [N], is what [N, 1] is.
  CHECK(kl(student[0], teacher[0]).item<double>() ==
        Approx(kl(student[0].unsqueeze(1), teacher[0].unsqueeze(1)).item<double>()).epsilon(1e-12));
}

TEST_CASE("one class is a softmax over its logit and 0") {
  torch::manual_seed(1);
  const Tensor student = torch::randn({4, 1}, torch::kDouble), teacher = torch::randn({4, 1}, torch::kDouble);
  const auto two = [](const Tensor& logit) { return torch::cat({logit, torch::zeros_like(logit)}, 1); };
  CHECK(kl(student, teacher, 3.0).item<double>() ==
        Approx(afd::loss::tempered_kl_from_logits(two(student), two(teacher), 3.0).item<double>()).epsilon(1e-12));
}

TEST_CASE("gradients match finite differences; the student's is T (p_s - p_t) / N") {
  torch::manual_seed(2);
  Tensor student = torch::randn({2, 3}, torch::kDouble);
  const Tensor teacher = torch::randn({2, 3}, torch::kDouble);
  const auto loss = [](const std::vector<Tensor>& z) { return kl(z[0], z[1], 3.0); };
  CHECK(afd_test::max_gradient_error(loss, {student.clone(), teacher.clone()}) < 1e-8);
  student.requires_grad_();
  kl(student, teacher, 3.0).backward();
  const Tensor expected = 3.0 / 2.0 * (torch::sigmoid(student.detach() / 3) - torch::sigmoid(teacher / 3));
  CHECK(torch::allclose(student.grad(), expected, 1e-10, 1e-12));
}

TEST_CASE("large logits do no harm, in single precision, either") {
  Tensor student = torch::tensor({{1e4F, -1e4F, 0.0F, 1e4F}}).requires_grad_();
  Tensor teacher = torch::tensor({{1e4F, 1e4F, -1e4F, 9999.5F}}).requires_grad_();
  const Tensor loss = kl(student, teacher);
  loss.backward();
  CHECK(loss.item<float>() == Approx(1e4 + std::log(2.0)).epsilon(1e-6));
  CHECK(torch::allclose(student.grad(), torch::tensor({{0.0F, -1.0F, 0.5F, 0.0F}})));
  CHECK(teacher.grad().isfinite().all().item<bool>());
}

TEST_CASE("bad arguments are refused in words") {
  const Tensor logits = torch::zeros({2, 3});
  CHECK_THROWS_WITH_AS(static_cast<void>(logs(logits, 0)), doctest::Contains("must be positive"), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::tempered_binary_kl(logs(logits), logs(logits), -1)), afd::ConfigError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::tempered_binary_kl(logits, logits, 1)),
                       doctest::Contains("make them with tempered_binary_log_probabilities"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(kl(logits, torch::zeros({2, 1}))), doctest::Contains("[2, 1, 2]"),
                       afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(kl(torch::zeros({0, 3}), torch::zeros({0, 3}))), afd::DataError);
}

TEST_SUITE_END();
