// SPDX-License-Identifier: MIT
#pragma once

// The check that class labels are ones the networks know. LibTorch has none on every device.

#include <cstdint>
#include <optional>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// The label that samples without one usually have.
inline constexpr std::int64_t no_label = -100;

/// The least and the greatest of labels that are not ignored, and how many there are. On an accelerator the host waits
/// once, on the CPU it looks at ignored ones only if there may be some.
struct LabelRange {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::int64_t count = 0;
};

/// Of at least one label.
[[nodiscard]] inline LabelRange label_range(const torch::Tensor& labels, std::optional<std::int64_t> ignored,
                                            std::int64_t classes) {
  if (labels.device().is_cpu()) {
    const auto range = [](const torch::Tensor& of) {
      return LabelRange{of.min().item<std::int64_t>(), of.max().item<std::int64_t>(), of.numel()};
    };
    const LabelRange all = range(labels);
    if (!ignored || (all.least >= 0 && all.most < classes)) return all;
    const torch::Tensor labelled = labels.masked_select(labels.ne(*ignored));
    return labelled.numel() > 0 ? range(labelled) : LabelRange{};
  }
  const torch::Tensor has_none = ignored ? labels.eq(*ignored) : torch::zeros_like(labels, torch::kBool);
  // Any label that fits will do for those without: a device has no list of the others without a wait for its length.
  const torch::Tensor known = labels.masked_fill(has_none, 0);
  const torch::Tensor three = torch::stack({known.min(), known.max(), has_none.logical_not().sum()}).to(torch::kCPU);
  const auto* number = three.data_ptr<std::int64_t>();
  return {number[0], number[1], number[2]};
}

/// Throws DataError unless all targets, int64 of any shape, are in [0, classes) or `ignored`. Reads them. False if all
/// of them are ignored.
inline bool check_labels(const torch::Tensor& targets, std::int64_t classes,
                         std::optional<std::int64_t> ignored = std::nullopt) {
  if (targets.numel() == 0) return true;
  const auto [least, most, count] = label_range(targets, ignored, classes);
  if (count == 0) return false;
  if (least >= 0 && most < classes) return true;
  const bool is_binary = classes == 1 && least >= 0 && most == 1;
  throw DataError(concat("label ", least < 0 ? least : most, " is out of range: the networks have ", classes,
                         " classes, so labels must be 0 to ", classes - 1,
                         is_binary ? "; one logit for labels 0 and 1 is a binary task: use afd::BinaryCrossEntropy "
                                     "with float targets [N, 1], or give the networks two logits"
                                   : ""));
}

}  // namespace afd::detail
