// SPDX-License-Identifier: MIT
#include <afd/loss/gan.hpp>

#include <algorithm>
#include <cmath>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

constexpr double real_scores[] = {0.3, -1.2, 2.0};
constexpr double fake_scores[] = {-0.5, 0.8, 1.4};

torch::Tensor scores(const double (&values)[3]) {
  return torch::tensor({values[0], values[1], values[2]}, torch::kDouble);
}

double sigmoid(double score) { return 1.0 / (1.0 + std::exp(-score)); }

template <class F>
double mean(const double (&values)[3], F f) {
  return (f(values[0]) + f(values[1]) + f(values[2])) / 3.0;
}

template <class Objective, class OfReal, class OfFake, class OfGenerator>
void check_objective(OfReal of_real, OfFake of_fake, OfGenerator of_generator) {
  const Objective objective;
  CHECK(objective.discriminator(scores(real_scores), scores(fake_scores)).template item<double>() ==
        doctest::Approx(mean(real_scores, of_real) + mean(fake_scores, of_fake)).epsilon(1e-12));
  CHECK(objective.generator(scores(fake_scores)).template item<double>() ==
        doctest::Approx(mean(fake_scores, of_generator)).epsilon(1e-12));
  CHECK(afd_test::max_gradient_error(
            [&](const std::vector<torch::Tensor>& s) {
              return objective.discriminator(s[0], s[1]) + objective.generator(s[1]);
            },
            {scores(real_scores), scores(fake_scores)}) < 1e-8);
}

}  // namespace

TEST_CASE("least squares: (1 - D(real))^2 + D(fake)^2 and (1 - D(fake))^2") {
  check_objective<afd::LeastSquares>([](double s) { return std::pow(1.0 - sigmoid(s), 2); },
                                     [](double s) { return std::pow(sigmoid(s), 2); },
                                     [](double s) { return std::pow(1.0 - sigmoid(s), 2); });
}

TEST_CASE("non-saturating: binary cross entropy, and -log D(fake)") {
  check_objective<afd::NonSaturating>([](double s) { return -std::log(sigmoid(s)); },
                                      [](double s) { return -std::log(1.0 - sigmoid(s)); },
                                      [](double s) { return -std::log(sigmoid(s)); });
}

TEST_CASE("hinge: margins of one, and the negated score") {
  check_objective<afd::Hinge>([](double s) { return std::max(0.0, 1.0 - s); },
                              [](double s) { return std::max(0.0, 1.0 + s); }, [](double s) { return -s; });
}

TEST_SUITE_END();
