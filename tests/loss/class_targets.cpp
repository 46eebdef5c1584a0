// SPDX-License-Identifier: MIT
#include <afd/loss/class_targets.hpp>
//
#include <limits>
#include <string>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using torch::Tensor;

Tensor labels(torch::IntArrayRef shape) {
  return torch::zeros(shape, torch::kInt64);
}

void refuses(const Tensor& logits, const Tensor& targets, const std::string& message, bool soft_too = true) {
  CHECK_THROWS_WITH_AS(afd::detail::check_label_form(logits, targets, "term", soft_too),
                       doctest::Contains(message.c_str()), afd::DataError);
}

}  // namespace

TEST_CASE("classes are dimension 1, and there are at least two") {
  CHECK_NOTHROW(afd::detail::check_class_logits(torch::zeros({2, 2}), "term"));
  CHECK_NOTHROW(afd::detail::check_class_logits(torch::zeros({2, 3, 4, 4}), "term"));
  CHECK_THROWS_WITH_AS(afd::detail::check_class_logits(torch::zeros({6}), "term"),
                       doctest::Contains("term needs logits [N, classes]"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(afd::detail::check_class_logits(torch::zeros({6}), "term"),
                       doctest::Contains("shape [6]; return a score for each class"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(afd::detail::check_class_logits(torch::zeros({6, 1}), "term"),
                       doctest::Contains("use afd::BinaryCrossEntropy with float targets"), afd::DataError);
}

TEST_CASE("targets that are not there are named with what they should be") {
  CHECK_NOTHROW(afd::detail::require_targets(labels({1}), "term", "labels"));
  CHECK_THROWS_WITH_AS(afd::detail::require_targets({}, "term", "labels"),
                       "term needs targets, but the batch's are undefined; give labels, or leave the term out of the "
                       "strategy",
                       afd::DataError);
}

TEST_CASE("labels have the logits' shape without its classes") {
  CHECK_NOTHROW(afd::detail::check_label_form(torch::zeros({6, 3}), labels({6}), "term", true));
  CHECK_NOTHROW(afd::detail::check_label_form(torch::zeros({6, 3, 5}), labels({6, 5}), "term", true));
  CHECK_NOTHROW(afd::detail::check_label_form(torch::zeros({6, 3, 4, 5}), labels({6, 4, 5}), "term", true));
  CHECK_THROWS_WITH_AS(afd::detail::check_label_form(torch::zeros({6, 4}), labels({3}), "term", true),
                       "the batch has 6 inputs, but 3 targets; give one label per input", afd::DataError);
  refuses(torch::zeros({6, 4}), labels({}), "6 inputs, but 1 targets");
  refuses(torch::zeros({6, 4}), labels({6, 1}), "squeeze them: targets.squeeze(1)");
  refuses(torch::zeros({6, 4, 5, 5}), labels({6, 1, 5, 5}), "squeeze them: targets.squeeze(1)");
  refuses(torch::zeros({6, 4, 5, 5}), labels({6, 5, 4}), "labels of shape [6, 5, 4] do not fit logits of shape");
  refuses(torch::zeros({6, 4, 5, 5}), labels({6, 5, 4}), "shape without its classes, dimension 1");
}

TEST_CASE("token logits whose classes come last are told to be transposed") {
  refuses(torch::zeros({6, 7, 4}), labels({6, 7}), "with logits.transpose(1, 2)");
  CHECK_NOTHROW(afd::detail::check_label_form(torch::zeros({6, 7, 4}).transpose(1, 2), labels({6, 7}), "term", true));
}

TEST_CASE("labels of another dtype, and one-hot ones, are told the way to int64") {
  refuses(torch::zeros({6, 4}), labels({6}).to(torch::kInt32),
          "are Int of shape [6]; convert them with .to(torch::kInt64)");
  refuses(torch::zeros({6, 4}), labels({6, 4}).to(torch::kBool), "with .to(torch::kFloat32).argmax(1)");
  refuses(torch::zeros({6, 4}), labels({6, 4}),
          "if they are one-hot, give targets.argmax(1), or targets.to(torch::kFloat32) as soft labels");
  CHECK_THROWS_WITH_AS(afd::detail::check_label_form(torch::zeros({6, 4}), labels({6, 4}), "term", false),
                       "term: labels of shape [6, 4] do not fit logits of shape [6, 4]; if they are one-hot, give "
                       "targets.argmax(1)",
                       afd::DataError);
}

TEST_CASE("soft labels have the logits' shape") {
  const auto check = [](torch::IntArrayRef logits, torch::IntArrayRef targets) {
    afd::detail::check_soft_label_form(torch::zeros(logits), torch::zeros(targets), "term");
  };
  CHECK_NOTHROW(check({6, 4}, {6, 4}));
  CHECK_NOTHROW(check({6, 4, 5, 5}, {6, 4, 5, 5}));
  CHECK_THROWS_WITH_AS(check({6, 4}, {6}), doctest::Contains("convert class labels with .to(torch::kInt64)"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 4}, {3, 4}), doctest::Contains("6 inputs, but 3 targets"), afd::DataError);
}

TEST_CASE("soft labels are probabilities") {
  const auto check = [](const Tensor& targets) { afd::detail::check_soft_labels(targets); };
  CHECK_NOTHROW(check(torch::tensor({{0.25, 0.75}, {0.0, 1.0}})));
  CHECK_NOTHROW(check(torch::tensor({{0.25, 0.7501}})));
  CHECK_NOTHROW(check(torch::softmax(torch::randn({8, 100, 3, 3}), 1).to(torch::kBFloat16)));
  CHECK_NOTHROW(check(torch::empty({0, 2})));
  CHECK_THROWS_WITH_AS(check(torch::tensor({{0.25, 0.75}, {0.5, 1.25}})), doctest::Contains("some sum to 1.75"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::tensor({{0.25, 0.76}})), doctest::Contains("divide them by"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::tensor({{-0.5, 1.5}})), doctest::Contains("hold -0.5"), afd::DataError);
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_WITH_AS(check(torch::tensor({{bad, 1.0}})), doctest::Contains("NaN or infinity"), afd::DataError);
  }
  // Over the classes, not over places: [1, 2, 2] whose last dimension sums to 1, but not dimension 1.
  CHECK_THROWS_AS(check(torch::tensor({{{0.25, 0.75}, {0.25, 0.75}}})), afd::DataError);
}

TEST_SUITE_END();
