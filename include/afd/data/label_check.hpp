// SPDX-License-Identifier: MIT
#pragma once

// The check that class labels are ones the networks know. LibTorch has none on every device.

#include <cstdint>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws DataError unless all targets, int64 [N], are in [0, classes). Reads them.
inline void check_labels(const torch::Tensor& targets, std::int64_t classes) {
  if (targets.numel() == 0) return;
  const auto least = targets.min().item<std::int64_t>();
  const auto most = targets.max().item<std::int64_t>();
  if (least >= 0 && most < classes) return;
  throw DataError(concat("label ", least < 0 ? least : most, " is out of range: the networks have ", classes,
                         " classes, so labels must be 0 to ", classes - 1));
}

}  // namespace afd::detail
