// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from a peer's class probabilities, with more weight on those of the wrong classes.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/data/label_check.hpp>
#include <afd/loss/class_targets.hpp>
#include <afd/loss/labelled_kl.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// T^2 ( alpha TCKD + beta NCKD ) for an edge j -> k, averaged over the labelled samples and over the edges that end at
/// k: decoupled knowledge distillation (Zhao et al., CVPR 2022, arXiv 2203.08679). TCKD is the divergence of the
/// labelled class against all others, NCKD that of the others among themselves; MutualKL has the factor 1 - p of the
/// teacher in place of beta, which hides the others where the teacher is sure. Values are the paper's for CIFAR-100; it
/// also lets the weight grow in the first epochs. Logits [N, classes] and labels int64 [N], or [N, classes, H, W] and
/// [N, H, W].
struct DecoupledKL {
  static constexpr std::string_view name = "decoupled_kl";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double alpha = 1.0;
  double beta = 8.0;
  double temperature = 4.0;
  double weight = 1.0;
  std::int64_t ignore_index = detail::no_label;  ///< the label of samples that have none: nothing is learnt of them

  [[nodiscard]] torch::Tensor view(const torch::Tensor& logits) const { return logits; }

  [[nodiscard]] torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher,
                                   const torch::Tensor& targets) const {
    const DecoupledParts parts = loss::decoupled_kl(student, teacher, targets, temperature, ignore_index);
    return alpha * parts.target + beta * parts.others;
  }

  /// How many labels count.
  [[nodiscard]] torch::Tensor mean_over(const torch::Tensor& targets) const { return targets.ne(ignore_index).sum(); }

  /// Throws ShapeError or DataError for logits and labels that do not fit.
  void check(const torch::Tensor& logits, const torch::Tensor& targets) const {
    detail::check_hard_labels(logits, targets, name);
  }

  /// Throws DataError for labels out of range. Reads them.
  void check_values(const torch::Tensor& logits, const torch::Tensor& targets) const {
    detail::check_labels(targets, logits.size(1), ignore_index);
  }
};

static_assert(EdgeTermOf<DecoupledKL, torch::Tensor, torch::Tensor, torch::Tensor>);
static_assert(TermChecks<DecoupledKL, torch::Tensor, torch::Tensor>);
static_assert(TermChecksValues<DecoupledKL, torch::Tensor, torch::Tensor>);

}  // namespace afd
