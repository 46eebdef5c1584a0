// SPDX-License-Identifier: MIT
#pragma once

// The check that class labels are ones the networks know. LibTorch has none on every device.

#include <cstdint>
#include <optional>
#include <utility>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// The label that samples without one usually have.
inline constexpr std::int64_t no_label = -100;

/// The least and the greatest of labels; of at least one.
[[nodiscard]] inline std::pair<std::int64_t, std::int64_t> label_range(const torch::Tensor& labels) {
  return {labels.min().item<std::int64_t>(), labels.max().item<std::int64_t>()};
}

/// Throws DataError unless all targets, int64 of any shape, are in [0, classes) or `ignored`. Reads them. False if all
/// of them are ignored.
inline bool check_labels(const torch::Tensor& targets, std::int64_t classes,
                         std::optional<std::int64_t> ignored = std::nullopt) {
  const auto fits = [&](const std::pair<std::int64_t, std::int64_t>& range) {
    return range.first >= 0 && range.second < classes;
  };
  if (targets.numel() == 0) return true;
  auto range = label_range(targets);
  if (fits(range)) return true;
  if (ignored) {
    // A second pass, and only for those that need it.
    const torch::Tensor labelled = targets.masked_select(targets.ne(*ignored));
    if (labelled.numel() == 0) return false;
    range = label_range(labelled);
    if (fits(range)) return true;
  }
  const auto [least, most] = range;
  const bool is_binary = classes == 1 && least >= 0 && most == 1;
  throw DataError(concat("label ", least < 0 ? least : most, " is out of range: the networks have ", classes,
                         " classes, so labels must be 0 to ", classes - 1,
                         is_binary ? "; one logit for labels 0 and 1 is a binary task: use afd::BinaryCrossEntropy "
                                     "with float targets [N, 1], or give the networks two logits"
                                   : ""));
}

}  // namespace afd::detail
