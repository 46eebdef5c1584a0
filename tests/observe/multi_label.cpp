// SPDX-License-Identifier: MIT
#include <afd/observe/multi_label.hpp>
//
#include <cmath>
#include <limits>
#include <vector>

#include <afd/observe/evaluate.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using afd::MultiLabel;
using torch::Tensor;

namespace {

afd::MultiLabelScores scored(const Tensor& logits, const Tensor& targets) {
  MultiLabel score;
  score.check(logits, targets);
  score.add(logits, targets);
  return score.result();
}

double average_precision(std::vector<double> scores, std::vector<int> positive) {
  return afd::detail::average_precision(torch::tensor(scores, torch::kDouble), torch::tensor(positive).to(torch::kBool))
      .item<double>();
}

/// The definition, pair by pair.
double slow_average_precision(const Tensor& scores, const Tensor& positive) {
  double sum = 0, positives = 0;
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    if (!positive[i].item<bool>()) continue;
    const Tensor before = scores.ge(scores[i]);
    sum += before.logical_and(positive).sum().item<double>() / before.sum().item<double>();
    positives += 1;
  }
  return sum / positives;
}

/// Its logits are its inputs, times a factor.
struct ScaleImpl : torch::nn::Module {
  explicit ScaleImpl(double factor) : scale(factor) {}
  Tensor forward(const Tensor& inputs) const { return inputs * scale; }
  double scale;
};
TORCH_MODULE(Scale);

}  // namespace

TEST_CASE("average precision is the mean of the precisions at the ranks of the positives") {
  CHECK(average_precision({0.9, 0.8, 0.7, 0.6}, {1, 1, 0, 0}) == 1);
  CHECK(average_precision({0.9, 0.8, 0.7, 0.6}, {1, 0, 1, 0}) == doctest::Approx((1.0 + 2.0 / 3) / 2));
  CHECK(average_precision({0.6, 0.9, 0.7, 0.8}, {1, 0, 0, 0}) == doctest::Approx(0.25));
  CHECK(std::isnan(average_precision({0.5, 0.6}, {0, 0})));
}

TEST_CASE("equal scores come in together, in whatever order they stand") {
  // All four are there once the threshold lets one in.
  CHECK(average_precision({1, 1, 1, 1}, {1, 0, 0, 1}) == doctest::Approx(0.5));
  CHECK(average_precision({1, 1, 1, 1}, {0, 1, 1, 0}) == doctest::Approx(0.5));
  CHECK(average_precision({3, 2, 2, 1}, {1, 1, 0, 0}) == doctest::Approx((1.0 + 2.0 / 3) / 2));
  CHECK(average_precision({3, 2, 2, 1}, {1, 0, 1, 0}) == doctest::Approx((1.0 + 2.0 / 3) / 2));
  // NaN ranks last.
  CHECK(average_precision({std::nan(""), 1, -1e30}, {1, 1, 0}) == doctest::Approx((1.0 + 2.0 / 3) / 2));
  torch::manual_seed(8);
  for (int i = 0; i < 20; ++i) {
    const Tensor scores = torch::randint(0, 9, {50}, torch::kDouble), positive = torch::rand({50}).lt(0.3);
    CHECK(afd::detail::average_precision(scores, positive).item<double>() ==
          doctest::Approx(slow_average_precision(scores, positive)).epsilon(1e-12));
  }
}

TEST_CASE("mean average precision, exact matches and loss by hand") {
  // Nobody has class 2.
  const Tensor logits = torch::tensor({{2.0, -1.0, -3.0}, {1.0, 3.0, -3.0}, {-1.0, 2.0, 1.0}}, torch::kDouble);
  const Tensor targets = torch::tensor({{1, 0, 0}, {0, 1, 0}, {1, 0, 0}}, torch::kInt64);
  const auto scores = scored(logits, targets);
  CHECK(scores.samples == 3);
  // Class 0: positives on ranks 1 and 3; class 1: on rank 1.
  CHECK(scores.mean_ap == doctest::Approx(((1.0 + 2.0 / 3) / 2 + 1.0) / 2));
  CHECK(scores.exact_match == doctest::Approx(1.0 / 3));
  const auto cost = [](double z, int y) { return std::log1p(std::exp(y == 1 ? -z : z)); };
  const double loss = cost(2, 1) + cost(-1, 0) + cost(-3, 0) + cost(1, 0) + cost(3, 1) + cost(-3, 0) + cost(-1, 1) +
                      cost(2, 0) + cost(1, 0);
  CHECK(scores.loss == doctest::Approx(loss / 9));
  for (const auto dtype : {torch::kFloat32, torch::kBool, torch::kByte}) {
    CHECK(scored(logits, targets.to(dtype)) == scores);
  }
}

TEST_CASE("ranks are of all batches together") {
  torch::manual_seed(9);
  const Tensor logits = torch::randn({30, 4}), targets = torch::rand({30, 4}).lt(0.4);
  MultiLabel score;
  score.add(logits.narrow(0, 0, 20), targets.narrow(0, 0, 20));
  MultiLabel copy = score;
  score.add(logits.narrow(0, 20, 10), targets.narrow(0, 20, 10));
  const auto parts = score.result(), whole = scored(logits, targets);
  CHECK(parts.mean_ap == whole.mean_ap);
  CHECK(parts.exact_match == doctest::Approx(whole.exact_match));
  CHECK(parts.loss == doctest::Approx(whole.loss));
  double mean = 0;
  for (std::int64_t c = 0; c < 4; ++c) mean += slow_average_precision(logits.select(1, c), targets.select(1, c)) / 4;
  CHECK(whole.mean_ap == doctest::Approx(mean));
  CHECK(copy.result().samples == 20);
}

TEST_CASE("what was added stays, whatever becomes of the memory it came in") {
  const Tensor logits = torch::tensor({{2.0}, {1.0}}), targets = torch::tensor({{1}, {0}}).to(torch::kBool);
  MultiLabel score;
  score.add(logits, targets);
  logits.zero_();
  targets.zero_();
  CHECK(score.result().mean_ap == 1);
}

TEST_CASE("a prediction of NaN never matches, and without any positive there is no mean average precision") {
  const Tensor logits = torch::tensor({{std::nan(""), -1.0}, {-1.0, -1.0}}, torch::kDouble);
  const auto scores = scored(logits, torch::zeros({2, 2}));
  CHECK(scores.exact_match == 0.5);
  CHECK(std::isnan(scores.loss));
  CHECK(std::isnan(scores.mean_ap));
  CHECK(afd::detail::merit<MultiLabel>(scores) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("networks and their ensemble are scored by the mean of probabilities") {
  torch::manual_seed(10);
  const Tensor inputs = torch::randn({12, 3}, torch::kDouble), targets = torch::rand({12, 3}).lt(0.5);
  Scale a(1.0), b(-2.5);
  const auto scores = afd::evaluate(std::vector<afd::Batch>{{inputs, targets}}, MultiLabel{}, a, b);
  const Tensor mean = (torch::sigmoid(inputs) + torch::sigmoid(inputs * -2.5)) / 2;
  const auto by_hand = scored(torch::logit(mean), targets);
  CHECK(scores.ensemble.loss == doctest::Approx(by_hand.loss).epsilon(1e-12));
  CHECK(scores.ensemble.mean_ap == doctest::Approx(by_hand.mean_ap).epsilon(1e-12));
  CHECK(scores.ensemble.exact_match == by_hand.exact_match);
  // One that is certain and wrong leaves the loss finite.
  Scale certain(1e4), unsure(0.0);
  const auto unlikely = afd::evaluate(std::vector<afd::Batch>{{torch::ones({1, 1}), torch::zeros({1, 1})}},
                                      MultiLabel{}, certain, unsure);
  CHECK(unlikely.networks[0].loss == doctest::Approx(1e4));
  CHECK(unlikely.ensemble.loss == doctest::Approx(-std::log(0.25)));
}

TEST_CASE("what is not a 0 or 1 for each logit is refused, with the way out") {
  const Tensor logits = torch::zeros({2, 3});
  const auto check = [&](const Tensor& targets) { MultiLabel{}.check(logits, targets); };
  CHECK_NOTHROW(check(torch::ones({2, 3}, torch::kBool)));
  CHECK_THROWS_WITH_AS(check(torch::full({2, 3}, 0.5)), doctest::Contains("targets must be 0 or 1, but go from 0.5"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({2}, torch::kInt64)), doctest::Contains("are for afd::Classification"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({3, 3})), doctest::Contains("give one row of targets per input"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check({}), doctest::Contains("are undefined"), afd::DataError);
  CHECK_THROWS_WITH_AS(MultiLabel{}.check(torch::zeros({2, 1}), torch::zeros({2})),
                       doctest::Contains("give targets.unsqueeze(1)"), afd::DataError);
  CHECK_THROWS_WITH_AS(MultiLabel{}.check(torch::zeros({2}), torch::zeros({2})),
                       doctest::Contains("needs logits [N, classes], but they are [2]"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(MultiLabel{}.result()), afd::DataError);
}

TEST_SUITE_END();
