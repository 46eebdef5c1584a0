// SPDX-License-Identifier: MIT
#pragma once

// Attention transfer: match where two networks are active, whatever their channel counts.
// S. Zagoruyko, N. Komodakis, Paying More Attention to Attention, ICLR 2017 (arXiv 1612.03928).

#include <algorithm>
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

}  // namespace detail

namespace loss {

/// Mean over the channels of the squared activations: features [N, C, H, W] -> attention [N, H, W].
/// (The sum over channels would be the same to attention_transfer, which normalises.)
/// Throws ShapeError for another rank: a vector per sample has no places to attend to.
[[nodiscard]] inline torch::Tensor attention_map(const torch::Tensor& features) {
  if (features.dim() != 4) {
    throw ShapeError(detail::concat("attention_map needs features [N, C, H, W], but got shape ", features.sizes(),
                                    "; tap the network before its pooling"));
  }
  return features.square().mean(1);
}

/// Mean over the N samples and the h*w places of ( Q_s/|Q_s|_2 - Q_t/|Q_t|_2 )^2, a scalar, where Q_s and Q_t
/// are the two attention maps [N, H, W], flattened per sample after adaptive average pooling to the smaller
/// height h and the smaller width w. (The paper writes the norm of the difference; this mean of squares is
/// the form of its reference code.) Blind to scale, and identically 0 for 1x1 maps. Gradients reach both
/// arguments. Throws ShapeError if a map is not 3-D or the batches differ, DataError if one is empty.
[[nodiscard]] inline torch::Tensor attention_transfer(const torch::Tensor& student_attention,
                                                      const torch::Tensor& teacher_attention) {
  if (student_attention.dim() != 3 || teacher_attention.dim() != 3 ||
      student_attention.size(0) != teacher_attention.size(0)) {
    throw ShapeError(detail::concat("attention_transfer needs two attention maps [N, H, W] of one batch, but got ",
                                    student_attention.sizes(), " and ", teacher_attention.sizes(),
                                    "; make them with attention_map(features)"));
  }
  detail::require_not_empty(student_attention, "attention_transfer");
  detail::require_not_empty(teacher_attention, "attention_transfer");
  const std::int64_t height = std::min(student_attention.size(1), teacher_attention.size(1));
  const std::int64_t width = std::min(student_attention.size(2), teacher_attention.size(2));
  const auto direction = [&](const torch::Tensor& attention) {
    const bool fits = attention.size(1) == height && attention.size(2) == width;
    return detail::unit_rows((fits ? attention : torch::adaptive_avg_pool2d(attention, {height, width})).flatten(1));
  };
  return torch::mse_loss(direction(student_attention), direction(teacher_attention));
}

}  // namespace loss
}  // namespace afd
