// SPDX-License-Identifier: MIT
#pragma once

// The checks of a batch before any network sees it. Targets are checked by the terms that read them.

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/batch.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws DataError for inputs that are undefined or have no sample, and for one tensor of targets on another device
/// than one tensor of inputs. Returns the number of samples.
template <class Batch>
std::int64_t check_batch_form(const Batch& batch) {
  for_each_tensor(batch.inputs, [](const torch::Tensor& tensor) {
    if (!tensor.defined()) throw DataError("a batch needs inputs, but a tensor of them is undefined");
  });
  const std::int64_t samples = sample_count(batch.inputs);
  if (samples == 0 || first_tensor(batch.inputs).numel() == 0) {
    throw DataError(concat("the batch is empty: its inputs have shape ", first_tensor(batch.inputs).sizes(),
                           "; leave empty batches out"));
  }
  if constexpr (std::is_same_v<Batch, afd::Batch>) {
    if (batch.targets.defined() && batch.targets.device() != batch.inputs.device()) {
      throw DataError(concat("inputs are on ", batch.inputs.device(), ", but targets on ", batch.targets.device(),
                             "; move both to the networks' device"));
    }
  }
  return samples;
}

/// Throws DataError for inputs that are not finite; in tensors after the first, such as masks, infinity is let pass.
/// Reads them.
template <class Inputs>
void check_inputs_are_finite(const Inputs& inputs) {
  const torch::NoGradGuard no_grad;
  bool is_first = true;
  for_each_tensor(inputs, [&](const torch::Tensor& tensor) {
    const bool infinity_passes = !std::exchange(is_first, false);
    if (!tensor.is_floating_point()) return;
    // One cheap pass; only a sum that is not finite is worth a second look, for it may have overflown.
    if (std::isfinite(tensor.sum().item<double>())) return;
    if (!(infinity_passes ? tensor.isnan() : tensor.isfinite().logical_not()).any().item<bool>()) return;
    throw DataError(
        "the batch's inputs hold NaN or infinity, which would poison running statistics for good; clean "
        "the data, or check the transform");
  });
}

}  // namespace afd::detail
