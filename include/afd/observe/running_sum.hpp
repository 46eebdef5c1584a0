// SPDX-License-Identifier: MIT
#pragma once

// What scores add up, batch by batch.

#include <cstdint>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// A sum of tensors on their device. Nothing is read before total(), so an evaluation need not wait for the device.
/// Copies go on apart.
class RunningSum {
 public:
  void add(const torch::Tensor& tensor) { sum_ = sum_.defined() ? sum_ + tensor : tensor; }

  /// On the CPU. Throws DataError if nothing was added.
  [[nodiscard]] torch::Tensor total() const {
    if (!sum_.defined()) throw DataError("there is nothing to evaluate: the source of batches gave no sample");
    return sum_.to(torch::kCPU);
  }

  /// Undefined before the first.
  [[nodiscard]] torch::Tensor& tensor() { return sum_; }

 private:
  torch::Tensor sum_;
};

/// `labels`, how many there were. Throws DataError for none.
inline std::int64_t require_labels(std::int64_t labels, std::int64_t ignore_index) {
  if (labels > 0) return labels;
  throw DataError(concat("there is nothing to evaluate: all labels are ", ignore_index, ", the score's ignore_index, ",
                         "which says that there is none; give a source with labels"));
}

}  // namespace afd::detail
