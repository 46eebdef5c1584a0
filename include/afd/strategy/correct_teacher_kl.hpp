// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from a peer's class probabilities where the peer is right.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/data/label_check.hpp>
#include <afd/loss/class_targets.hpp>
#include <afd/loss/labelled_kl.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// T^2 KL( softmax(z_j/T) || softmax(z_k/T) ) for an edge j -> k, summed over those samples whose label is network j's
/// most probable class and divided by the size of the whole batch: a teacher that is seldom right teaches little, and
/// no sample weighs more because others were left out. Averaged over the edges that end at k. Beside CrossEntropy on
/// all labels; conditional teacher-student learning (Meng et al., ICASSP 2019, arXiv 1904.12399) takes the label only
/// where the teacher is wrong. Logits [N, classes] and labels int64 [N], or [N, classes, H, W] and [N, H, W].
struct CorrectTeacherKL {
  static constexpr std::string_view name = "correct_teacher_kl";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double temperature = 3.0;
  double weight = 1.0;
  std::int64_t ignore_index = detail::no_label;  ///< the label of samples that have none: no teacher is right there

  [[nodiscard]] torch::Tensor view(const torch::Tensor& logits) const { return logits; }

  [[nodiscard]] torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher,
                                   const torch::Tensor& targets) const {
    return loss::correct_teacher_kl(student, teacher, targets, temperature, ignore_index);
  }

  /// Throws ShapeError or DataError for logits and labels that do not fit.
  void check(const torch::Tensor& logits, const torch::Tensor& targets) const {
    detail::check_hard_labels(logits, targets, name);
  }

  /// Throws DataError for labels out of range. Reads them.
  void check_values(const torch::Tensor& logits, const torch::Tensor& targets) const {
    detail::check_labels(targets, logits.size(1), ignore_index);
  }
};

static_assert(EdgeTermOf<CorrectTeacherKL, torch::Tensor, torch::Tensor, torch::Tensor>);
static_assert(TermChecks<CorrectTeacherKL, torch::Tensor, torch::Tensor>);
static_assert(TermChecksValues<CorrectTeacherKL, torch::Tensor, torch::Tensor>);

}  // namespace afd
