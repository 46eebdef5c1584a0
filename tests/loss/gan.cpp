// SPDX-License-Identifier: MIT
#include <afd/loss/gan.hpp>

#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <torch/types.h>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;

const std::vector<double> real_values = {0.3, -1.2, 2.5};
const std::vector<double> fake_values = {-0.7, 1.9, 0.4};

Tensor scores(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble);
}

template <class F>
double mean_of(const std::vector<double>& values, F f) {
  double sum = 0.0;
  for (const double s : values) sum += f(s);
  return sum / static_cast<double>(values.size());
}

double sigmoid(double s) {
  return 1.0 / (1.0 + std::exp(-s));
}
double squared(double x) {
  return x * x;
}

template <afd::GanLoss G>
double discriminator_loss(double real, double fake) {
  return G{}.discriminator(scores({real}), scores({fake})).template item<double>();
}

template <afd::GanLoss G>
double generator_loss(double fake) {
  return G{}.generator(scores({fake})).template item<double>();
}

struct NoGenerator {
  static constexpr std::string_view name = "half";
  [[nodiscard]] Tensor discriminator(const Tensor& real, const Tensor& fake) const { return (real - fake).mean(); }
};
static_assert(!afd::GanLoss<NoGenerator> && !afd::GanLossForGenerator<NoGenerator>);
static_assert(afd::GanLossForDiscriminator<NoGenerator> && afd::GanLossHasName<NoGenerator>);

struct Tuned : NoGenerator {  // a user's own objective: hyper-parameters are members
  double margin;
  explicit Tuned(double m) : margin(m) {}
  [[nodiscard]] Tensor generator(const Tensor& fake) const { return (margin - fake).mean(); }
};
static_assert(afd::GanLoss<Tuned>, "no default constructor needed");

}  // namespace

TEST_CASE("least squares: (1 - D(real))^2 + D(fake)^2 against (1 - D(fake))^2, D = sigmoid(score)") {
  const afd::LeastSquares objective;
  CHECK(objective.discriminator(scores(real_values), scores(fake_values)).item<double>() ==
        Approx(mean_of(real_values, [](double s) { return squared(1 - sigmoid(s)); }) +
               mean_of(fake_values, [](double s) { return squared(sigmoid(s)); }))
            .epsilon(1e-12));
  CHECK(objective.generator(scores(fake_values)).item<double>() ==
        Approx(mean_of(fake_values, [](double s) { return squared(1 - sigmoid(s)); })).epsilon(1e-12));
  CHECK(discriminator_loss<afd::LeastSquares>(0, 0) == Approx(0.5).epsilon(1e-14));
  CHECK(generator_loss<afd::LeastSquares>(0) == Approx(0.25).epsilon(1e-14));
}

TEST_CASE("least squares keeps its precision where D is close to 1") {
  CHECK(generator_loss<afd::LeastSquares>(50) / std::exp(-100.0) == Approx(1.0).epsilon(1e-10));
}

TEST_CASE("non-saturating: binary cross entropy against -log D(fake)") {
  const afd::NonSaturating objective;
  CHECK(objective.discriminator(scores(real_values), scores(fake_values)).item<double>() ==
        Approx(mean_of(real_values, [](double s) { return -std::log(sigmoid(s)); }) +
               mean_of(fake_values, [](double s) { return -std::log(1 - sigmoid(s)); }))
            .epsilon(1e-12));
  CHECK(objective.generator(scores(fake_values)).item<double>() ==
        Approx(mean_of(fake_values, [](double s) { return -std::log(sigmoid(s)); })).epsilon(1e-12));
  CHECK(discriminator_loss<afd::NonSaturating>(0, 0) == Approx(2 * std::log(2.0)).epsilon(1e-14));
}

TEST_CASE("hinge: max(0, 1 - real) + max(0, 1 + fake) against -fake") {
  const afd::Hinge objective;
  CHECK(objective.discriminator(scores(real_values), scores(fake_values)).item<double>() ==
        Approx((0.7 + 2.2 + 0.0) / 3 + (0.3 + 2.9 + 1.4) / 3).epsilon(1e-12));
  CHECK(objective.generator(scores(fake_values)).item<double>() == Approx(-(-0.7 + 1.9 + 0.4) / 3).epsilon(1e-12));
  CHECK(discriminator_loss<afd::Hinge>(1.5, -1.5) == 0.0);
}

TEST_CASE_TEMPLATE("every objective", G, afd::LeastSquares, afd::NonSaturating, afd::Hinge) {
  const G objective;

  SUBCASE("has the right gradients, to real and fake scores") {
    const auto discriminator = [&](const std::vector<Tensor>& s) { return objective.discriminator(s[0], s[1]); };
    const auto generator = [&](const std::vector<Tensor>& s) { return objective.generator(s[0]); };
    CHECK(afd_test::max_gradient_error(discriminator, {scores(real_values), scores(fake_values)}) < 1e-8);
    CHECK(afd_test::max_gradient_error(generator, {scores(fake_values)}) < 1e-8);
  }
  SUBCASE("rewards a discriminator that scores real above fake, and a generator that scores high") {
    CHECK(discriminator_loss<G>(0.5, -0.5) < discriminator_loss<G>(0, 0));
    CHECK(discriminator_loss<G>(0, 0) < discriminator_loss<G>(-0.5, 0.5));
    CHECK(generator_loss<G>(1) < generator_loss<G>(-1));
  }
  SUBCASE("averages over scores of any shape") {
    const Tensor real = scores(real_values);
    const Tensor fake = scores(fake_values);
    const double flat = objective.discriminator(real, fake).template item<double>();
    const double patches = objective.discriminator(real.view({1, 1, 3, 1}).repeat({2, 1, 1, 2}), fake.view({3, 1}))
                               .template item<double>();
    CHECK(patches == Approx(flat).epsilon(1e-12));
    CHECK(objective.generator(fake.view({3, 1, 1, 1})).dim() == 0);
  }
  SUBCASE("stays finite, with its gradient, for extreme scores in single precision") {
    Tensor extreme = torch::tensor({-1000.0F, 1000.0F}).requires_grad_();
    (objective.discriminator(extreme, extreme) + objective.generator(extreme)).backward();
    CHECK(std::isfinite(objective.discriminator(extreme, extreme).template item<float>()));
    CHECK(std::isfinite(objective.generator(extreme).template item<float>()));
    CHECK(extreme.grad().isfinite().all().template item<bool>());
  }
}

TEST_CASE("only least squares saturates for a generator that is far behind") {
  const auto slope = [](const auto& objective) {
    Tensor fake = scores({-30.0}).requires_grad_();
    objective.generator(fake).backward();
    return fake.grad().item<double>();
  };
  CHECK(std::abs(slope(afd::LeastSquares{})) < 1e-12);
  CHECK(slope(afd::NonSaturating{}) == Approx(-1.0).epsilon(1e-10));
  CHECK(slope(afd::Hinge{}) == -1.0);
}

TEST_CASE("objectives are told apart by name") {
  CHECK(std::string(afd::LeastSquares::name) == "least-squares");
  CHECK(std::string(afd::NonSaturating::name) == "non-saturating");
  CHECK(std::string(afd::Hinge::name) == "hinge");
}

TEST_SUITE_END();
