// SPDX-License-Identifier: MIT
#include <afd/observe/classification.hpp>
//
#include <cmath>
#include <limits>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using afd::Classification;
using torch::Tensor;

namespace {

Tensor labels(std::vector<std::int64_t> values) {
  return torch::tensor(values, torch::kInt64);
}

/// The score of one batch of logits.
afd::ClassificationScores scored(const Tensor& logits, const Tensor& targets, Classification score = {}) {
  score.check(logits, targets);
  score.add(score.view(logits), targets);
  return score.result();
}

}  // namespace

TEST_CASE("loss, top-1 and top-5 are means over all samples of all batches") {
  // Six classes, most probable first: class c of row i has probability proportional to 2^-((c - i) mod 6).
  const auto row = [](int first) {
    Tensor logits = torch::empty({6}, torch::kDouble);
    for (int c = 0; c < 6; ++c) logits[c] = 7 - std::log(2.0) * ((c - first + 6) % 6);
    return logits;
  };
  const double total = 1 + .5 + .25 + .125 + .0625 + .03125;
  Classification score;
  // Label on place 1, 2 and 6.
  score.add(score.view(torch::stack({row(0), row(3)})), labels({0, 4}));
  score.add(score.view(row(2).unsqueeze(0)), labels({1}));
  const afd::ClassificationScores scores = score.result();
  CHECK(scores.samples == 3);
  CHECK(scores.top1 == doctest::Approx(1.0 / 3));
  CHECK(scores.top5 == doctest::Approx(2.0 / 3));
  const double loss = -(std::log(1 / total) + std::log(.5 / total) + std::log(.03125 / total)) / 3;
  CHECK(scores.loss == doctest::Approx(loss).epsilon(1e-12));
}

TEST_CASE("with five classes or fewer top-5 is 1, and nothing evaluated is an error") {
  CHECK_THROWS_WITH_AS(static_cast<void>(Classification{}.result()), doctest::Contains("there is nothing to evaluate"),
                       afd::DataError);
  CHECK(scored(torch::randn({4, 3}), labels({0, 1, 2, 0})).top5 == 1);
}

TEST_CASE("samples without a label are left out of everything") {
  torch::manual_seed(4);
  Tensor logits = torch::randn({6, 7}, torch::kDouble);
  const Tensor targets = labels({3, -100, 0, 6, -100, 2});
  const Tensor kept = torch::tensor({0, 2, 3, 5}, torch::kInt64);
  logits[1].fill_(std::numeric_limits<double>::quiet_NaN());
  logits[4][0] = 100;  // would be a hit if the label were taken for class 0
  const auto partly = scored(logits, targets);
  const auto alone = scored(logits.index_select(0, kept), targets.index_select(0, kept));
  CHECK(partly.samples == 4);
  CHECK(partly.top1 == alone.top1);
  CHECK(partly.top5 == alone.top5);
  CHECK(partly.loss == doctest::Approx(alone.loss).epsilon(1e-14));
  // Another number may say so, be it a class.
  const Tensor two = torch::tensor({{2.0, 0.0}, {2.0, 0.0}, {2.0, 0.0}}, torch::kDouble);
  const auto other = scored(two, labels({1, 0, 1}), {.ignore_index = 1});
  CHECK(other.samples == 1);
  CHECK(other.top1 == 1);
  CHECK(other.loss == doctest::Approx(std::log1p(std::exp(-2.0))));
}

TEST_CASE("a source without any label has nothing to evaluate") {
  CHECK_THROWS_WITH_AS(static_cast<void>(scored(torch::zeros({2, 3}), labels({-100, -100}))),
                       doctest::Contains("there is nothing to evaluate: all labels are -100"), afd::DataError);
}

TEST_CASE("a prediction of NaN misses, and its loss says so") {
  Tensor logits = torch::zeros({2, 3}, torch::kDouble);
  logits[0].fill_(std::numeric_limits<double>::quiet_NaN());
  const auto scores = scored(logits, labels({0, 0}));
  CHECK(std::isnan(scores.loss));
  CHECK(scores.top5 == 0.5);
}

TEST_CASE("what is not class labels is refused, with the way out") {
  const Tensor logits = torch::zeros({2, 3});
  const auto check = [&](const Tensor& targets) { Classification{}.check(logits, targets); };
  CHECK_NOTHROW(check(labels({2, -100})));
  CHECK_THROWS_WITH_AS(check(labels({0, 3})), doctest::Contains("label 3 is out of range"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(labels({0, -1})), doctest::Contains("label -1 is out of range"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(labels({0})), doctest::Contains("give one label per input"), afd::DataError);
  CHECK_THROWS_WITH_AS(check({}), doctest::Contains("targets must be int64 class labels [N], but are undefined"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({2})), doctest::Contains("convert them with .to(torch::kInt64)"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::full({2, 3}, 1.0 / 3)),
                       doctest::Contains("soft labels are for training: evaluate on a source of labels"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(Classification{}.check(torch::zeros({2, 3, 4, 4}), labels({0, 1})),
                       doctest::Contains("needs logits [N, classes], but they are [2, 3, 4, 4]"), afd::ShapeError);
}

TEST_CASE("the ensemble is the mean of the probabilities, and copies gather apart") {
  torch::manual_seed(5);
  const Tensor a = torch::randn({4, 3}, torch::kDouble), b = torch::randn({4, 3}, torch::kDouble);
  Classification score;
  const Tensor together = Classification::ensemble({score.view(a), score.view(b)});
  CHECK(torch::allclose(together.exp(), (torch::softmax(a, 1) + torch::softmax(b, 1)) / 2));

  score.add(score.view(a), labels({0, 1, 2, 0}));
  Classification copy = score;
  copy.add(copy.view(b), labels({0, 1, 2, 0}));
  CHECK(score.result().samples == 4);
  CHECK(copy.result().samples == 8);
}

TEST_SUITE_END();
