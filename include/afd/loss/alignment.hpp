// SPDX-License-Identifier: MIT
#pragma once

// Direct alignment of feature maps, the baseline that adversarial transfer is compared with.

#include <string_view>

#include <torch/types.h>

#include <afd/loss/same_shape.hpp>

namespace afd {

namespace detail {

inline void require_alignable(const torch::Tensor& student_map, const torch::Tensor& teacher_map,
                              std::string_view loss) {
  require_same_shape(student_map, teacher_map, loss,
                     "bring the student's map to the teacher's shape with a transfer layer");
  require_not_empty(student_map, loss);
}

}  // namespace detail

namespace loss {

/// Mean absolute difference over all elements (batch, channels, places): a scalar. Shapes must be equal.
/// Gradients reach both maps. Throws ShapeError for different shapes, DataError for empty ones.
[[nodiscard]] inline torch::Tensor l1(const torch::Tensor& student_map, const torch::Tensor& teacher_map) {
  detail::require_alignable(student_map, teacher_map, "l1");
  return torch::l1_loss(student_map, teacher_map);
}

/// Mean squared difference over all elements (batch, channels, places): a scalar. Otherwise like l1.
[[nodiscard]] inline torch::Tensor l2(const torch::Tensor& student_map, const torch::Tensor& teacher_map) {
  detail::require_alignable(student_map, teacher_map, "l2");
  return torch::mse_loss(student_map, teacher_map);
}

}  // namespace loss
}  // namespace afd
