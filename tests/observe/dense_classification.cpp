// SPDX-License-Identifier: MIT
#include <afd/observe/dense_classification.hpp>
//
#include <cmath>
#include <limits>
#include <vector>

#include <afd/observe/evaluate.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using afd::DenseClassification;
using torch::Tensor;

namespace {

/// Logits [N, classes, ...] that are `height` at the predicted class and 0 elsewhere.
Tensor logits_of(const Tensor& predicted, std::int64_t classes, double height = 2.0) {
  return torch::nn::functional::one_hot(predicted, classes).movedim(-1, 1).to(torch::kDouble) * height;
}

afd::DenseClassificationScores scored(const Tensor& logits, const Tensor& targets, DenseClassification score = {}) {
  score.check(logits, targets);
  score.add(score.view(logits), targets);
  return score.result();
}

/// Place by place.
afd::DenseClassificationScores by_hand(const Tensor& logits, const Tensor& targets, std::int64_t ignore_index) {
  const std::int64_t classes = logits.size(1);
  const Tensor rows = logits.movedim(1, -1).reshape({-1, classes}), flat = targets.flatten();
  std::vector<double> both(static_cast<std::size_t>(classes)), either = both;
  afd::DenseClassificationScores scores;
  for (std::int64_t i = 0; i < flat.size(0); ++i) {
    const auto label = flat[i].item<std::int64_t>(), predicted = rows[i].argmax().item<std::int64_t>();
    if (label == ignore_index) continue;
    scores.samples += 1;
    scores.pixel_accuracy += label == predicted ? 1 : 0;
    scores.loss -= torch::log_softmax(rows[i], 0)[label].item<double>();
    for (std::int64_t c = 0; c < classes; ++c) {
      both[static_cast<std::size_t>(c)] += label == c && predicted == c ? 1 : 0;
      either[static_cast<std::size_t>(c)] += label == c || predicted == c ? 1 : 0;
    }
  }
  double occurring = 0;
  for (std::size_t c = 0; c < both.size(); ++c) {
    if (either[c] == 0) continue;
    occurring += 1;
    scores.mean_iou += both[c] / either[c];
  }
  scores.mean_iou /= occurring;
  scores.loss /= static_cast<double>(scores.samples);
  scores.pixel_accuracy /= static_cast<double>(scores.samples);
  return scores;
}

void check_equal(const afd::DenseClassificationScores& a, const afd::DenseClassificationScores& b) {
  CHECK(a.samples == b.samples);
  CHECK(a.loss == doctest::Approx(b.loss).epsilon(1e-12));
  CHECK(a.pixel_accuracy == doctest::Approx(b.pixel_accuracy).epsilon(1e-12));
  CHECK(a.mean_iou == doctest::Approx(b.mean_iou).epsilon(1e-12));
}

/// Its logits are its inputs, times a factor.
struct ScaleImpl : torch::nn::Module {
  explicit ScaleImpl(double factor) : scale(factor) {}
  Tensor forward(const Tensor& inputs) const { return inputs * scale; }
  double scale;
};
TORCH_MODULE(Scale);

}  // namespace

TEST_CASE("accuracy, mean IoU and loss of a small picture") {
  // Labels and predictions of one 2 x 3 picture, of classes 0 to 3; 3 occurs in neither.
  const Tensor labels = torch::tensor({{0, 0, 1}, {1, 2, -100}}, torch::kInt64).unsqueeze(0);
  const Tensor predicted = torch::tensor({{0, 1, 1}, {1, 0, 3}}, torch::kInt64).unsqueeze(0);
  const auto scores = scored(logits_of(predicted, 4), labels);
  CHECK(scores.samples == 5);
  CHECK(scores.pixel_accuracy == doctest::Approx(3.0 / 5));
  // Class 0: 1 of 3; class 1: 2 of 3; class 2: 0 of 1.
  CHECK(scores.mean_iou == doctest::Approx((1.0 / 3 + 2.0 / 3 + 0) / 3));
  const double right = std::log(std::exp(2.0) + 3) - 2, wrong = std::log(std::exp(2.0) + 3);
  CHECK(scores.loss == doctest::Approx((3 * right + 2 * wrong) / 5));
}

TEST_CASE("counts are of all batches together, for any number of sides") {
  torch::manual_seed(6);
  const auto compare = [](torch::IntArrayRef sides, std::int64_t ignored) {
    std::vector<std::int64_t> logit_shape{6, 5}, label_shape{6};
    logit_shape.insert(logit_shape.end(), sides.begin(), sides.end());
    label_shape.insert(label_shape.end(), sides.begin(), sides.end());
    const Tensor logits = torch::randn(logit_shape, torch::kDouble);
    Tensor labels = torch::randint(0, 4, label_shape, torch::kInt64);
    labels.masked_fill_(torch::rand(label_shape).lt(0.2), ignored);
    DenseClassification score{.ignore_index = ignored};
    score.add(score.view(logits.narrow(0, 0, 4)), labels.narrow(0, 0, 4));
    score.add(score.view(logits.narrow(0, 4, 2)), labels.narrow(0, 4, 2));
    check_equal(score.result(), by_hand(logits, labels, ignored));
  };
  compare({7, 3}, -100);
  compare({7, 3}, 255);
  compare({40}, -100);
  compare({3, 4, 2}, -100);
  compare({}, -100);
}

TEST_CASE("a class that is ignored has no IoU of its own, but its predictions miss") {
  const Tensor labels = torch::tensor({{0, 1, 1, 2}}, torch::kInt64), predicted = torch::tensor({{1, 0, 1, 2}});
  const auto scores = scored(logits_of(predicted.to(torch::kInt64), 3), labels, {.ignore_index = 0});
  CHECK(scores.samples == 3);
  CHECK(scores.pixel_accuracy == doctest::Approx(2.0 / 3));
  CHECK(scores.mean_iou == doctest::Approx((0.5 + 1.0) / 2));
}

TEST_CASE("a prediction of NaN is of no class") {
  const Tensor labels = torch::tensor({{0, 1}}, torch::kInt64);
  Tensor logits = logits_of(labels, 2);
  logits.select(2, 1).fill_(std::numeric_limits<double>::quiet_NaN());
  const auto scores = scored(logits, labels);
  CHECK(std::isnan(scores.loss));
  CHECK(scores.pixel_accuracy == 0.5);
  CHECK(scores.mean_iou == 0.5);
}

TEST_CASE("networks and their ensemble are scored by the mean of probabilities") {
  torch::manual_seed(7);
  const Tensor inputs = torch::randn({2, 3, 4, 4}, torch::kDouble);
  const Tensor labels = torch::randint(0, 3, {2, 4, 4}, torch::kInt64);
  Scale a(1.0), b(-3.0);
  const auto scores = afd::evaluate(std::vector<afd::Batch>{{inputs, labels}}, DenseClassification{}, a, b);
  check_equal(scores.networks[1], by_hand(inputs * -3, labels, -100));
  const Tensor mean = (torch::softmax(inputs, 1) + torch::softmax(inputs * -3, 1)) / 2;
  check_equal(scores.ensemble, by_hand(mean.log(), labels, -100));
}

TEST_CASE("what is not a label of each place is refused, with the way out") {
  const Tensor logits = torch::zeros({2, 3, 4, 4});
  const auto check = [&](const Tensor& targets) { DenseClassification{}.check(logits, targets); };
  const Tensor labels = torch::zeros({2, 4, 4}, torch::kInt64);
  CHECK_NOTHROW(check(labels));
  CHECK_THROWS_WITH_AS(check(labels + 255), doctest::Contains("DenseClassification{.ignore_index = 255}"),
                       afd::DataError);
  CHECK_NOTHROW((DenseClassification{.ignore_index = 255}.check(logits, labels + 255)));
  CHECK_THROWS_WITH_AS(check(labels.unsqueeze(1)), doctest::Contains("targets.squeeze(1)"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(labels.to(torch::kByte)), doctest::Contains(".to(torch::kInt64)"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({2, 8, 8}, torch::kInt64)),
                       doctest::Contains("labels of shape [2, 8, 8] do not fit logits of shape [2, 3, 4, 4]"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check({}), doctest::Contains("are undefined"), afd::DataError);
  CHECK_THROWS_WITH_AS(DenseClassification{}.check(torch::zeros({2, 1, 4, 4}), labels),
                       doctest::Contains("at least two classes, but they are [2, 1, 4, 4]"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(scored(logits, labels - 100)), doctest::Contains("nothing to evaluate"),
                       afd::DataError);
  CHECK_THROWS_AS(static_cast<void>(DenseClassification{}.result()), afd::DataError);
}

TEST_SUITE_END();
