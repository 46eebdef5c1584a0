// SPDX-License-Identifier: MIT
#pragma once

// The checks of a batch before any network sees it. Targets are checked by the terms that read them.

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/batch.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
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

/// Throws DataError for inputs of which no tensor is on the device of what `whose` names: "the networks are".
template <class Inputs>
void check_inputs_are_on(torch::Device device, const Inputs& inputs, std::string_view whose) {
  std::optional<torch::Device> other;
  bool found = false;
  for_each_tensor(inputs, [&](const torch::Tensor& tensor) {
    // Lengths of sequences, say, are wanted on the CPU.
    if (!tensor.defined() || same_device(tensor.device(), device)) {
      found = true;
    } else if (!other) {
      other = tensor.device();
    }
  });
  if (found || !other) return;
  throw DataError(concat("the batch's inputs are on ", *other, ", but ", whose, " on ", device,
                         "; give the loader the ", "option .device, or move batches there"));
}

/// body(tensor, infinity passes) for each floating tensor: in those after the first, such as masks, infinity may be.
template <class Inputs, class Body>
void for_each_number_of_inputs(const Inputs& inputs, const Body& body) {
  bool is_first = true;
  for_each_tensor(inputs, [&](const torch::Tensor& tensor) {
    const bool infinity_passes = !std::exchange(is_first, false);
    if (tensor.is_floating_point()) body(tensor, infinity_passes);
  });
}

/// Their sum, which is finite if they are, but for numbers near the largest; half ones are summed in single precision.
[[nodiscard]] inline torch::Tensor sum_of_inputs(const torch::Tensor& tensor) {
  return tensor.scalar_type() == torch::kHalf ? tensor.sum(torch::kFloat32) : tensor.sum();
}

/// Whether a tensor of inputs is not as it should be; not read.
[[nodiscard]] inline torch::Tensor is_bad_input(const torch::Tensor& tensor, bool infinity_passes) {
  return (infinity_passes ? tensor.isnan() : tensor.isfinite().logical_not()).any();
}

[[noreturn]] inline void throw_bad_inputs(const char* which) {
  throw DataError(concat(which, " inputs hold NaN or infinity, which would poison running statistics for good; clean ",
                         "the data, or check the transform"));
}

/// Throws DataError for inputs that are not finite; in tensors after the first, such as masks, infinity is let pass.
/// Reads them.
template <class Inputs>
void check_inputs_are_finite(const Inputs& inputs) {
  const torch::NoGradGuard no_grad;
  for_each_number_of_inputs(inputs, [](const torch::Tensor& tensor, bool infinity_passes) {
    // One cheap pass; only a sum that is not finite is worth a second look, for it may have overflown.
    if (std::isfinite(sum_of_inputs(tensor).item<double>())) return;
    if (is_bad_input(tensor, infinity_passes).item<bool>()) throw_bad_inputs("the batch's");
  });
}

/// Numbers on the device of the inputs that are finite if check_inputs_are_finite() has nothing to say. Throws
/// DataError for those on the CPU beside them, which can be read at once.
template <class Inputs>
void append_input_probes(const Inputs& inputs, std::vector<torch::Tensor>& probes) {
  const torch::NoGradGuard no_grad;
  for_each_number_of_inputs(inputs, [&](const torch::Tensor& tensor, bool infinity_passes) {
    if (tensor.device().is_cpu()) {
      if (is_bad_input(tensor, infinity_passes).item<bool>()) throw_bad_inputs("the batch's");
      return;
    }
    // The logarithm of 1 or 0: a sum would be infinite for what may be so.
    probes.push_back(infinity_passes ? tensor.isnan().any().logical_not().to(torch::kFloat32).log()
                                     : sum_of_inputs(tensor));
  });
}

/// The same check over many batches. On an accelerator the host does not wait for each of them, but once, in the end.
class InputWatch {
 public:
  /// Throws DataError if the inputs can be read without waiting.
  template <class Inputs>
  void add(const Inputs& inputs) {
    if (first_tensor(inputs).device().is_cpu()) return check_inputs_are_finite(inputs);
    const torch::NoGradGuard no_grad;
    for_each_number_of_inputs(inputs, [&](const torch::Tensor& tensor, bool infinity_passes) {
      const torch::Tensor bad = is_bad_input(tensor, infinity_passes);
      if (bad.device().is_cpu()) {
        if (bad.item<bool>()) throw_bad_inputs("a batch's");
        return;
      }
      seen_ = seen_.defined() ? seen_.logical_or(bad) : bad;
    });
  }

  /// Throws DataError for those that were only looked at. Reads.
  void require_finite() const {
    if (seen_.defined() && seen_.item<bool>()) throw_bad_inputs("a batch's");
  }

 private:
  torch::Tensor seen_;
};

}  // namespace afd::detail
