// SPDX-License-Identifier: MIT
#include <afd/strategy/cross_entropy.hpp>
//
#include <cmath>
#include <vector>

#include <afd/detail/fields.hpp>

#include "support/doctest.hpp"
#include "support/finite_difference.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::NetworkTerm<afd::CrossEntropy> && !afd::EdgeTerm<afd::CrossEntropy>);
static_assert(afd::LossTerm<afd::CrossEntropy> && afd::CrossEntropy::level == afd::Level::logit);
static_assert(afd::detail::field_count<afd::CrossEntropy>() == 5);  // what a recipe tells of it

namespace {

using torch::Tensor;

/// Log-probabilities by hand, so that losses are sums of them.
const Tensor& log_probabilities() {
  static const Tensor both = torch::tensor({{0.5, 0.25, 0.25}, {0.125, 0.125, 0.75}}, torch::kDouble).log();
  return both;
}
Tensor labels(std::vector<std::int64_t> values) {
  return torch::tensor(values, torch::kInt64);
}
double value(const Tensor& loss) {
  return loss.item<double>();
}

}  // namespace

TEST_CASE("cross entropy is minus the mean log-probability of the labels") {
  const auto logits = torch::tensor({{1.0, 2.0, 0.5}, {-1.0, 0.0, 3.0}}, torch::kDouble);
  const double first = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(0.5)) - 2.0;
  const double second = std::log(std::exp(-1.0) + 1.0 + std::exp(3.0)) + 1.0;
  const afd::CrossEntropy term{.weight = 5};
  CHECK(value(term.loss(logits, labels({1, 0}))) == doctest::Approx((first + second) / 2).epsilon(1e-12));
  CHECK(term.loss(logits.to(torch::kFloat32), labels({1, 0})).item<float>() ==
        doctest::Approx((first + second) / 2).epsilon(1e-5));
}

TEST_CASE("labels that are ignored count nowhere") {
  const double second = std::log(8.0);
  CHECK(value(afd::CrossEntropy{}.loss(log_probabilities(), labels({-100, 1}))) == doctest::Approx(second));
  const afd::CrossEntropy of_void{.ignore_index = 0};
  CHECK(value(of_void.loss(log_probabilities(), labels({0, 1}))) == doctest::Approx(second));
  CHECK_NOTHROW(of_void.check_values(log_probabilities(), labels({0, 1})));
}

TEST_CASE("smoothing spreads a part of each label over all classes") {
  const double of_label = std::log(2.0), of_all = (std::log(2.0) + 2 * std::log(4.0)) / 3;
  CHECK(value(afd::CrossEntropy{.label_smoothing = 0.3}.loss(log_probabilities().slice(0, 0, 1), labels({0}))) ==
        doctest::Approx(0.7 * of_label + 0.3 * of_all).epsilon(1e-12));
}

TEST_CASE("class weights make a weighted mean over labels") {
  const afd::CrossEntropy term{.class_weights = {1, 2, 5}};
  const double expected = (1 * std::log(2.0) + 2 * std::log(8.0)) / (1 + 2);
  CHECK(value(term.loss(log_probabilities(), labels({0, 1}))) == doctest::Approx(expected).epsilon(1e-12));
  CHECK((term.loss(log_probabilities().to(torch::kFloat32), labels({0, 1})).scalar_type() == torch::kFloat32));
}

TEST_CASE("labels of places are averaged over batch and places") {
  torch::manual_seed(0);
  const Tensor logits = torch::randn({2, 3, 4, 5}, torch::kDouble);
  const Tensor targets = torch::randint(3, {2, 4, 5}, torch::kInt64);
  const Tensor log_p = torch::log_softmax(logits, 1);
  double sum = 0;
  for (int n = 0; n < 2; ++n) {
    for (int h = 0; h < 4; ++h) {
      for (int w = 0; w < 5; ++w) sum -= log_p[n][targets[n][h][w].item<std::int64_t>()][h][w].item<double>();
    }
  }
  CHECK(value(afd::CrossEntropy{}.loss(logits, targets)) == doctest::Approx(sum / 40).epsilon(1e-12));
}

TEST_CASE("soft labels weigh the log-probabilities of all classes, in any floating dtype") {
  const Tensor soft = torch::tensor({{0.5, 0.5, 0.0}, {0.0, 0.0, 1.0}}, torch::kFloat32);
  const double expected = (0.5 * std::log(2.0) + 0.5 * std::log(4.0) - std::log(0.75)) / 2;
  const Tensor loss = afd::CrossEntropy{}.loss(log_probabilities(), soft);
  CHECK((loss.scalar_type() == torch::kDouble));
  CHECK(value(loss) == doctest::Approx(expected).epsilon(1e-12));
  // One-hot soft labels are labels; of places, too, and what says that there is no label is not asked of them.
  const Tensor logits = torch::randn({2, 3, 4}, torch::kDouble), targets = torch::randint(3, {2, 4}, torch::kInt64);
  const afd::CrossEntropy of_void{.ignore_index = 7, .partly_labelled = true};
  CHECK(value(of_void.loss(logits, torch::one_hot(targets, 3).transpose(1, 2).to(torch::kDouble))) ==
        doctest::Approx(value(afd::CrossEntropy{}.loss(logits, targets))).epsilon(1e-12));
}

TEST_CASE("gradients are exact") {
  torch::manual_seed(0);
  const auto error = [](const afd::CrossEntropy& term, torch::IntArrayRef shape, const Tensor& targets) {
    const auto loss = [&](const std::vector<Tensor>& in) { return term.loss(in[0], targets); };
    return afd_test::max_gradient_error(loss, {torch::randn(shape, torch::kDouble)});
  };
  CHECK(error({}, {3, 4}, labels({1, 0, 3})) < 1e-8);
  CHECK(error({}, {2, 3, 2, 2}, torch::randint(3, {2, 2, 2}, torch::kInt64)) < 1e-8);
  CHECK(error({}, {3, 4}, torch::softmax(torch::randn({3, 4}, torch::kDouble), 1)) < 1e-8);
  CHECK(error({.label_smoothing = 0.2, .class_weights = {1, 2, 3, 4}, .partly_labelled = true}, {3, 4},
              labels({1, -100, 3})) < 1e-8);
}

TEST_CASE("partly labelled batches have the mean over what is labelled") {
  torch::manual_seed(1);
  const Tensor logits = torch::randn({4, 3}, torch::kDouble), targets = labels({2, -100, 0, -100});
  for (const afd::CrossEntropy& term : {afd::CrossEntropy{}, afd::CrossEntropy{.label_smoothing = 0.1},
                                        afd::CrossEntropy{.label_smoothing = 0.1, .class_weights = {0.5, 2, 3}}}) {
    afd::CrossEntropy partly = term;
    partly.partly_labelled = true;
    CHECK(value(partly.loss(logits, targets)) == doctest::Approx(value(term.loss(logits, targets))).epsilon(1e-12));
  }
}

TEST_CASE("a batch without labels has a loss of 0 and a gradient of 0, if such are expected") {
  for (const std::vector<double>& weights : {std::vector<double>{}, std::vector<double>{1, 2, 3}}) {
    const Tensor logits = torch::randn({2, 3}).requires_grad_();
    const Tensor loss = afd::CrossEntropy{.label_smoothing = 0.1, .class_weights = weights, .partly_labelled = true}  //
                            .loss(logits, labels({-100, -100}));
    CHECK(loss.item<float>() == 0);
    loss.backward();
    CHECK(logits.grad().equal(torch::zeros({2, 3})));
  }
  CHECK(std::isnan(value(afd::CrossEntropy{}.loss(log_probabilities(), labels({-100, -100})))));
  CHECK_THROWS_WITH_AS(afd::CrossEntropy{}.check_values(log_probabilities(), labels({-100, -100})),
                       doctest::Contains("CrossEntropy{.partly_labelled = true}"), afd::DataError);
  CHECK_NOTHROW(afd::CrossEntropy{.partly_labelled = true}.check_values(log_probabilities(), labels({-100, -100})));
}

TEST_CASE("large logits do no harm") {
  const Tensor logits = torch::tensor({{1e4F, -1e4F, 0.0F}}).requires_grad_();
  const Tensor loss = afd::CrossEntropy{}.loss(logits, labels({1}));
  loss.backward();
  CHECK(loss.item<float>() == doctest::Approx(2e4));
  CHECK(logits.grad().equal(torch::tensor({{1.0F, -1.0F, 0.0F}})));
}

TEST_CASE("shapes and dtypes are checked for what they are") {
  const afd::CrossEntropy term;
  CHECK_NOTHROW(term.check(torch::zeros({6, 4}), torch::zeros({6}, torch::kInt64)));
  CHECK_NOTHROW(term.check(torch::zeros({6, 4}), torch::zeros({6, 4})));
  CHECK_THROWS_WITH_AS(term.check(torch::zeros({6, 4}), {}), doctest::Contains("int64 labels [N], or soft labels"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(torch::zeros({6, 4}), torch::zeros({6})), doctest::Contains(".to(torch::kInt64)"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(torch::zeros({6, 4}), torch::zeros({6, 4}, torch::kInt64)),
                       doctest::Contains("cross_entropy: labels of shape [6, 4]"), afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(torch::zeros({6, 4}), torch::zeros({6, 4}, torch::kInt64)),
                       doctest::Contains("as soft labels"), afd::DataError);
  CHECK_THROWS_WITH_AS(term.check(torch::zeros({6, 1}), torch::zeros({6}, torch::kInt64)),
                       doctest::Contains("afd::BinaryCrossEntropy"), afd::DataError);
  CHECK_THROWS_AS(term.check(torch::zeros({6}), torch::zeros({6}, torch::kInt64)), afd::ShapeError);
}

TEST_CASE("values are checked") {
  const afd::CrossEntropy term;
  CHECK_NOTHROW(term.check_values(log_probabilities(), labels({2, -100})));
  CHECK_THROWS_WITH_AS(term.check_values(log_probabilities(), labels({3, -100})), doctest::Contains("label 3"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(term.check_values(log_probabilities(), torch::ones({2, 3})), doctest::Contains("sum to 3"),
                       afd::DataError);
}

TEST_CASE("options that cannot work are refused") {
  const auto check = [](const afd::CrossEntropy& term) { term.check(log_probabilities(), labels({0, 1})); };
  CHECK_NOTHROW(check({.label_smoothing = 0.1, .class_weights = {1, 0, 2}}));
  CHECK_THROWS_WITH_AS(check({.label_smoothing = 1}), doctest::Contains("less than 1, but is 1"), afd::ConfigError);
  CHECK_THROWS_AS(check({.label_smoothing = -0.1}), afd::ConfigError);
  CHECK_THROWS_AS(check({.label_smoothing = std::nan("")}), afd::ConfigError);
  CHECK_THROWS_WITH_AS(check({.class_weights = {1, 2}}), doctest::Contains("has 2 weights, but the logits have 3"),
                       afd::ConfigError);
  CHECK_THROWS_WITH_AS(check({.class_weights = {1, 2, -3}}), doctest::Contains("one is -3"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(check({.class_weights = {0, 0, 0}}), doctest::Contains("all 0"), afd::ConfigError);
}

TEST_SUITE_END();
