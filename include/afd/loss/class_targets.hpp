// SPDX-License-Identifier: MIT
#pragma once

// The checks of targets that name classes: labels, one per sample or per place, and soft labels, a probability of each
// class. Shapes and dtypes cost nothing to look at; functions that read values say so.

#include <cstdint>
#include <string>
#include <string_view>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws ShapeError unless logits are [N, classes, ...], DataError if there is one class only.
inline void check_class_logits(const torch::Tensor& logits, std::string_view term) {
  if (logits.dim() < 2) {
    throw ShapeError(concat(term, " needs logits [N, classes], or [N, classes, H, W] for labels of every place, but ",
                            "they have shape ", logits.sizes(), "; return a score for each class. One number per ",
                            "sample is for afd::BinaryCrossEntropy or afd::MeanSquaredError"));
  }
  if (logits.size(1) < 2) {
    throw DataError(concat(term, ": logits of shape ", logits.sizes(), " have one class, dimension 1, whose ",
                           "probability is 1 whatever the network learns; use afd::BinaryCrossEntropy with float ",
                           "targets of the logits' shape, or give the networks a logit for each class"));
  }
}

/// Throws DataError if there are no targets. `wanted` says what they should be.
inline void require_targets(const torch::Tensor& targets, std::string_view term, std::string_view wanted) {
  if (targets.defined()) return;
  throw DataError(concat(term, " needs targets, but the batch's are undefined; give ", wanted,
                         ", or leave the term out of the strategy"));
}

/// Throws DataError unless there is a row of targets for each row of outputs.
inline void require_target_rows(const torch::Tensor& outputs, const torch::Tensor& targets, std::string_view each) {
  if (targets.dim() > 0 && targets.size(0) == outputs.size(0)) return;
  throw DataError(concat("the batch has ", outputs.size(0), " inputs, but ", targets.dim() > 0 ? targets.size(0) : 1,
                         " targets; give one ", each, " per input"));
}

/// Whether labels have the shape of the logits without its classes.
[[nodiscard]] inline bool fits_as_labels(torch::IntArrayRef logits, torch::IntArrayRef labels) {
  return labels.size() + 1 == logits.size() && labels[0] == logits[0] && labels.slice(1) == logits.slice(2);
}

/// The way out for labels of another shape.
[[nodiscard]] inline std::string label_advice(torch::IntArrayRef logits, torch::IntArrayRef labels, bool soft_too) {
  if (labels == logits) {
    return concat("; if they are one-hot, give targets.argmax(1)",
                  soft_too ? ", or targets.to(torch::kFloat32) as soft labels" : "");
  }
  if (labels.size() == logits.size() && labels[1] == 1 && labels.slice(2) == logits.slice(2)) {
    return "; squeeze them: targets.squeeze(1)";
  }
  if (logits.size() == 3 && labels.size() == 2 && labels[1] == logits[1]) {
    return "; classes are dimension 1 of logits: bring [N, L, classes] there with logits.transpose(1, 2)";
  }
  return "; give them the logits' shape without its classes, dimension 1";
}

/// Throws DataError unless targets are int64 labels [N, ...] of logits [N, classes, ...]. `soft_too` is for messages:
/// whether soft labels would do as well.
inline void check_label_form(const torch::Tensor& logits, const torch::Tensor& targets, std::string_view term,
                             bool soft_too) {
  if (targets.scalar_type() != torch::kInt64) {
    throw DataError(concat(term, ": targets must be int64 class labels, but are ", targets.scalar_type(), " of shape ",
                           targets.sizes(), "; convert them with ",
                           targets.sizes() == logits.sizes()
                               ? ".to(torch::kFloat32).argmax(1) if they are soft or one-hot"
                               : ".to(torch::kInt64)"));
  }
  require_target_rows(logits, targets, "label");
  if (fits_as_labels(logits.sizes(), targets.sizes())) return;
  throw DataError(concat(term, ": labels of shape ", targets.sizes(), " do not fit logits of shape ", logits.sizes(),
                         label_advice(logits.sizes(), targets.sizes(), soft_too)));
}

/// Throws what is wrong with logits or labels, for a term that reads int64 labels and no others.
inline void check_hard_labels(const torch::Tensor& logits, const torch::Tensor& targets, std::string_view term) {
  check_class_logits(logits, term);
  require_targets(targets, term, "int64 labels [N]");
  check_label_form(logits, targets, term, /*soft_too=*/false);
}

/// Throws DataError unless targets, of a floating dtype, have the shape of the logits.
inline void check_soft_label_form(const torch::Tensor& logits, const torch::Tensor& targets, std::string_view term) {
  if (targets.sizes() == logits.sizes()) return;
  require_target_rows(logits, targets, "label");
  throw DataError(concat(term, ": floating targets are soft labels of the logits' shape ", logits.sizes(),
                         ", but have ", "shape ", targets.sizes(), "; convert class labels with .to(torch::kInt64)"));
}

/// Throws DataError unless soft labels [N, classes, ...] are finite, not negative, and sum to 1 over the classes up to
/// what rounding makes of it. Reads them.
inline void check_soft_labels(const torch::Tensor& targets) {
  const torch::NoGradGuard no_grad;
  if (targets.numel() == 0) return;
  const double tolerance = targets.element_size() < 4 ? 2e-2 : 1e-3;
  const torch::Tensor sums = targets.sum(1);
  const torch::Tensor far = (sums - 1).abs();
  if (targets.ge(0).all().logical_and(far.le(tolerance).all()).item<bool>()) return;
  if (!targets.isfinite().all().item<bool>()) {
    throw DataError("soft labels hold NaN or infinity; clean the data, or check what mixes the labels");
  }
  const auto least = targets.min().item<double>();
  if (least < 0) {
    throw DataError(concat("soft labels hold ", least, ", but are probabilities; if they are scores, give ",
                           "torch::softmax(targets, 1)"));
  }
  throw DataError(concat("soft labels must sum to 1 over the classes, dimension 1, but some sum to ",
                         sums.flatten()[far.argmax()].item<double>(), "; divide them by targets.sum(1, true), or use ",
                         "afd::BinaryCrossEntropy where classes do not exclude each other"));
}

}  // namespace afd::detail
