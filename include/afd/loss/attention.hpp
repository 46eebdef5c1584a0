// SPDX-License-Identifier: MIT
#pragma once

// Attention transfer: match where two networks are active, whatever their channel counts.
// S. Zagoruyko, N. Komodakis, Paying More Attention to Attention, ICLR 2017 (arXiv 1612.03928).

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/same_shape.hpp>

namespace afd {

namespace detail {

inline torch::Tensor unit_rows(const torch::Tensor& rows) {
  // The floor makes a dead map a zero row with zero gradient instead of NaN.
  return rows / rows.norm(2, 1, true).clamp_min(1e-12);
}

/// An attention map [N, ...] with so many places along each side.
inline torch::Tensor pooled(const torch::Tensor& attention, torch::IntArrayRef sides) {
  if (attention.sizes().slice(1) == sides) return attention;
  if (sides.size() == 1) return torch::adaptive_avg_pool1d(attention, sides);
  return sides.size() == 2 ? torch::adaptive_avg_pool2d(attention, sides)
                           : torch::adaptive_avg_pool3d(attention, sides);
}

inline void require_attention_maps(const torch::Tensor& student, const torch::Tensor& teacher) {
  const auto is_map = [](const torch::Tensor& attention) { return attention.dim() >= 2 && attention.dim() <= 4; };
  if (!is_map(student) || !is_map(teacher) || student.size(0) != teacher.size(0)) {
    throw ShapeError(concat("attention_transfer needs two attention maps [N, L], [N, H, W] or [N, D, H, W] of one ",
                            "batch, but got ", student.sizes(), " and ", teacher.sizes(),
                            "; make them with attention_map(features)"));
  }
  if (student.dim() != teacher.dim()) {
    throw ShapeError(concat("attention_transfer: the student's attention ", student.sizes(), " has not as many sides ",
                            "as the teacher's ", teacher.sizes(), "; give tokens their grid, afd::Tokens{x, height, ",
                            "width}, or reshape the features of one network"));
  }
  require_not_empty(student, "attention_transfer");
  require_not_empty(teacher, "attention_transfer");
}

}  // namespace detail

namespace loss {

/// Mean over the channels of the squared activations: features [N, C, H, W] -> attention [N, H, W], and the same for
/// sequences [N, C, L] and volumes [N, C, D, H, W]. (The sum over channels would be the same to attention_transfer,
/// which normalises.) Throws ShapeError for another rank: a vector per sample has no places to attend to.
[[nodiscard]] inline torch::Tensor attention_map(const torch::Tensor& features) {
  if (features.dim() < 3 || features.dim() > 5) {
    throw ShapeError(detail::concat("attention_map needs features [N, C, L], [N, C, H, W] or [N, C, D, H, W], but got ",
                                    "shape ", features.sizes(), "; tap the network before its pooling"));
  }
  return features.square().mean(1);
}

/// Mean over the N samples and the places of ( Q_s/|Q_s|_2 - Q_t/|Q_t|_2 )^2, a scalar, where Q_s and Q_t are the two
/// attention maps, [N, L], [N, H, W] or [N, D, H, W], flattened per sample after adaptive average pooling to the
/// smaller of both along each side. (The paper writes the norm of the difference; this mean of squares is the form of
/// its reference code.) Blind to scale, and identically 0 where there is one place. Gradients reach both arguments.
/// Throws ShapeError for other ranks, two ranks or two batches, DataError if one is empty.
[[nodiscard]] inline torch::Tensor attention_transfer(const torch::Tensor& student_attention,
                                                      const torch::Tensor& teacher_attention) {
  detail::require_attention_maps(student_attention, teacher_attention);
  std::array<std::int64_t, 3> smaller{};
  const auto rank = static_cast<std::size_t>(student_attention.dim()) - 1;
  for (std::size_t i = 0; i < rank; ++i) {
    smaller[i] = std::min(student_attention.sizes()[i + 1], teacher_attention.sizes()[i + 1]);
  }
  const torch::IntArrayRef sides(smaller.data(), rank);
  const auto direction = [&](const torch::Tensor& attention) {
    return detail::unit_rows(detail::pooled(attention, sides).flatten(1));
  };
  return torch::mse_loss(direction(student_attention), direction(teacher_attention));
}

}  // namespace loss
}  // namespace afd
