// SPDX-License-Identifier: MIT
#pragma once

// Class labels as a distribution over the classes for each sample.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/data/label_check.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws DataError, in the name of `who`, unless each label of int64 [N] is one of the classes.
inline void check_hard_labels(const torch::Tensor& labels, std::int64_t classes, std::string_view who) {
  if (labels.numel() == 0) return;
  if (labels.eq(no_label).any().item<bool>()) {
    throw DataError(concat(who, " needs a label for every sample, but the label ", no_label,
                           " stands for none; leave those samples out (select() of the data set), or give them soft "
                           "labels"));
  }
  const auto [least, most, count] = label_range(labels, std::nullopt, classes);
  if (least >= 0 && most < classes) return;
  throw DataError(concat("label ", least < 0 ? least : most, " is out of range: ", who, " has classes = ", classes,
                         ", so labels must be 0 to ", classes - 1));
}

/// [N, classes] of labels int64 [N], one 1 in each row, or of soft labels, as they are. Throws, in the name of `who`,
/// ConfigError for fewer than two classes, DataError for other targets.
[[nodiscard]] inline torch::Tensor soft_labels(const torch::Tensor& targets, std::int64_t classes,
                                               torch::ScalarType type, std::string_view who) {
  if (classes < 2) {
    throw ConfigError(concat(who, " needs the number of classes, at least 2, but has classes = ", classes, "; write ",
                             who, "{.classes = 10}"));
  }
  if (!targets.defined()) throw DataError(concat(who, " mixes targets, but the batch's are undefined"));
  if (targets.is_floating_point() && targets.dim() == 2 && targets.size(1) == classes) return targets;
  if (targets.scalar_type() != torch::kInt64 || targets.dim() != 1) {
    throw DataError(concat(who, " needs class labels, int64 [N], or soft labels, floating point [N, ", classes,
                           "], but the targets are ", targets.scalar_type(), " of shape ", targets.sizes(),
                           "; convert them, or write a transform of the batch that knows how to mix them"));
  }
  check_hard_labels(targets, classes, who);
  return torch::zeros({targets.size(0), classes}, targets.options().dtype(type)).scatter_(1, targets.unsqueeze(1), 1);
}

}  // namespace afd::detail
