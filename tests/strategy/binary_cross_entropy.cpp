// SPDX-License-Identifier: MIT
#include <afd/strategy/binary_cross_entropy.hpp>
//
#include <cmath>
#include <vector>

#include "support/doctest.hpp"
#include "support/finite_difference.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::BinaryCrossEntropy> && afd::NetworkTerm<afd::BinaryCrossEntropy>);
static_assert(afd::BinaryCrossEntropy::level == afd::Level::logit);

namespace {

using torch::Tensor;

/// The logit of a probability.
double logit(double p) {
  return std::log(p / (1 - p));
}
double value(const Tensor& loss) {
  return loss.item<double>();
}

}  // namespace

TEST_CASE("each class is a yes or no of its own, and all have one mean") {
  const Tensor logits = torch::tensor({{logit(0.25), logit(0.5)}, {logit(0.8), logit(0.9)}}, torch::kDouble);
  const Tensor targets = torch::tensor({{1.0, 0.0}, {0.0, 0.5}}, torch::kDouble);
  const double expected =
      -(std::log(0.25) + std::log(0.5) + std::log(0.2) + 0.5 * std::log(0.9) + 0.5 * std::log(0.1)) / 4;
  CHECK(value(afd::BinaryCrossEntropy{}.loss(logits, targets)) == doctest::Approx(expected).epsilon(1e-12));
  // Targets of another precision are no reason for a loss of another.
  CHECK((afd::BinaryCrossEntropy{}.loss(logits.to(torch::kFloat32), targets).scalar_type() == torch::kFloat32));
  const Tensor one = torch::tensor({{logit(0.25)}, {logit(0.8)}}, torch::kDouble), yes = torch::ones({2, 1});
  CHECK(value(afd::BinaryCrossEntropy{}.loss(one, yes)) ==
        doctest::Approx(-(std::log(0.25) + std::log(0.8)) / 2).epsilon(1e-12));
}

TEST_CASE("positives weigh more, class by class, and classes are dimension 1 for places, too") {
  const afd::BinaryCrossEntropy term{.pos_weight = {3, 5}};
  const Tensor logits = torch::tensor({{logit(0.25), logit(0.5)}}, torch::kDouble);
  CHECK(value(term.loss(logits, torch::tensor({{1.0, 1.0}}))) ==
        doctest::Approx(-(3 * std::log(0.25) + 5 * std::log(0.5)) / 2).epsilon(1e-12));
  CHECK(value(term.loss(logits, torch::tensor({{1.0, 0.0}}))) ==
        doctest::Approx(-(3 * std::log(0.25) + std::log(0.5)) / 2).epsilon(1e-12));
  const Tensor places = logits.view({1, 2, 1, 1}).expand({1, 2, 3, 2});
  CHECK(value(term.loss(places, torch::ones({1, 2, 3, 2}))) ==
        doctest::Approx(-(3 * std::log(0.25) + 5 * std::log(0.5)) / 2).epsilon(1e-12));
  const afd::BinaryCrossEntropy of_one{.pos_weight = {3}};
  CHECK(value(of_one.loss(torch::tensor({logit(0.25)}, torch::kDouble), torch::ones({1}))) ==
        doctest::Approx(-3 * std::log(0.25)).epsilon(1e-12));
}

TEST_CASE("its gradient is exact") {
  torch::manual_seed(0);
  const Tensor targets = torch::rand({3, 4}, torch::kDouble);
  const auto loss = [&](const std::vector<Tensor>& in) {
    return afd::BinaryCrossEntropy{.pos_weight = {1, 2, 3, 4}}.loss(in[0], targets);
  };
  CHECK(afd_test::max_gradient_error(loss, {torch::randn({3, 4}, torch::kDouble)}) < 1e-8);
}

TEST_CASE("large logits do no harm") {
  const Tensor logits = torch::tensor({{1e4F, -1e4F}}).requires_grad_();
  const Tensor loss = afd::BinaryCrossEntropy{}.loss(logits, torch::tensor({{0.0F, 0.0F}}));
  loss.backward();
  CHECK(loss.item<float>() == doctest::Approx(5e3));
  CHECK(logits.grad().equal(torch::tensor({{0.5F, 0.0F}})));
}

TEST_CASE("shapes and dtypes are checked for what they are") {
  const afd::BinaryCrossEntropy term;
  const auto refuses = [&](torch::IntArrayRef logits, const Tensor& targets, const char* message) {
    CHECK_THROWS_WITH_AS(term.check(torch::zeros(logits), targets), doctest::Contains(message), afd::DataError);
  };
  CHECK_NOTHROW(term.check(torch::zeros({6, 4}), torch::zeros({6, 4})));
  refuses({6, 1}, torch::zeros({6}), "binary_cross_entropy: targets are Float of shape [6]");
  refuses({6, 1}, torch::zeros({6}), "targets.unsqueeze(1)");
  refuses({6, 1}, torch::zeros({6, 1}, torch::kInt64), "targets.to(torch::kFloat32)");
  refuses({6, 4}, torch::zeros({6}, torch::kInt64), "are for afd::CrossEntropy");
  refuses({6, 4}, {}, "the logits' shape [6, 4]");
}

TEST_CASE("targets are from 0 to 1") {
  const afd::BinaryCrossEntropy term;
  const auto check = [&](double first, double second) {
    term.check_values(torch::zeros({1, 2}), torch::tensor({{first, second}}));
  };
  CHECK_NOTHROW(check(0.0, 1.0));
  CHECK_THROWS_WITH_AS(check(0.0, 2.0), doctest::Contains("go from 0 to 2"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(-1.0, 1.0), doctest::Contains("go from -1 to 1"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(0.0, std::nan("")), doctest::Contains("from 0 to 1, but"), afd::DataError);
}

TEST_CASE("weights that cannot work are refused") {
  const auto check = [](std::vector<double> weights, torch::IntArrayRef shape) {
    afd::BinaryCrossEntropy{.pos_weight = std::move(weights)}.check(torch::zeros(shape), torch::zeros(shape));
  };
  CHECK_NOTHROW(check({1, 2, 3}, {6, 3}));
  CHECK_NOTHROW(check({1, 2, 3}, {6, 3, 5, 5}));
  CHECK_NOTHROW(check({2}, {6}));
  CHECK_THROWS_WITH_AS(check({1, 2}, {6, 3}), doctest::Contains("2 weights, but logits of shape [6, 3] have 3"),
                       afd::ConfigError);
  CHECK_THROWS_WITH_AS(check({1, -2, 1}, {6, 3}), doctest::Contains("one is -2"), afd::ConfigError);
}

TEST_SUITE_END();
