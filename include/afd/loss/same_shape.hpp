// SPDX-License-Identifier: MIT
#pragma once

// The check that keeps broadcasting out of the losses: two tensors that are compared must agree in shape.

#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws ShapeError, ending in `remedy`, unless both shapes are equal.
inline void require_same_shape(const torch::Tensor& student, const torch::Tensor& teacher, std::string_view loss,
                               std::string_view remedy) {
  if (student.sizes() == teacher.sizes()) return;
  throw ShapeError(concat(loss, ": the student's shape ", student.sizes(), " differs from the teacher's ",
                          teacher.sizes(), "; ", remedy));
}

/// Throws DataError if there is nothing to average over: the mean would be NaN and no later check would say
/// why.
inline void require_not_empty(const torch::Tensor& tensor, std::string_view loss) {
  if (tensor.numel() > 0) return;
  throw DataError(
      concat(loss, ": got an empty tensor of shape ", tensor.sizes(), "; drop empty batches before the step"));
}

}  // namespace afd::detail
