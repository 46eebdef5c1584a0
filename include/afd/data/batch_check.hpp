// SPDX-License-Identifier: MIT
#pragma once

// The checks of a batch before any network sees it.

#include <cmath>
#include <cstdint>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/batch.hpp>
#include <afd/data/label_check.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws DataError for an empty or undefined batch, targets that are not int64 [N], or tensors on two devices.
inline void check_batch_form(const Batch& batch) {
  if (!batch.inputs.defined() || !batch.targets.defined()) {
    throw DataError("a batch needs inputs and targets, but one of its tensors is undefined");
  }
  if (batch.inputs.dim() == 0 || batch.inputs.numel() == 0) {
    throw DataError(
        concat("the batch is empty: its inputs have shape ", batch.inputs.sizes(), "; leave empty batches out"));
  }
  if (batch.targets.dim() != 1 || batch.targets.scalar_type() != torch::kInt64) {
    throw DataError(concat("targets must be int64 class labels [N], but are ", batch.targets.scalar_type(),
                           " of shape ", batch.targets.sizes(), "; convert them with .to(torch::kInt64)"));
  }
  if (batch.targets.size(0) != batch.inputs.size(0)) {
    throw DataError(concat("the batch has ", batch.inputs.size(0), " inputs, but ", batch.targets.size(0),
                           " targets; give one label per input"));
  }
  if (batch.targets.device() != batch.inputs.device()) {
    throw DataError(concat("inputs are on ", batch.inputs.device(), ", but targets on ", batch.targets.device(),
                           "; move both to the networks' device"));
  }
}

/// Throws DataError for labels outside [0, classes) and for inputs that are not finite. Reads both.
inline void check_batch_values(const Batch& batch, std::int64_t classes) {
  const torch::NoGradGuard no_grad;
  check_labels(batch.targets, classes);
  if (!batch.inputs.is_floating_point()) return;
  // One cheap pass; only a sum that is not finite is worth a second look, for it may have overflown.
  if (std::isfinite(batch.inputs.sum().item<double>())) return;
  if (batch.inputs.isfinite().all().item<bool>()) return;
  throw DataError(
      "the batch's inputs hold NaN or infinity, which would poison running statistics for good; clean "
      "the data, or check the transform");
}

}  // namespace afd::detail
