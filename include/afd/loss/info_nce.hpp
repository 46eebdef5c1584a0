// SPDX-License-Identifier: MIT
#pragma once

// Which of many keys belongs to a row: the contrastive loss of one positive among negatives.

#include <cmath>
#include <limits>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/same_shape.hpp>

namespace afd {

namespace detail {

inline void require_contrast_temperature(double temperature) {
  if (std::isfinite(temperature) && temperature > 0.0) return;
  throw ConfigError(concat("the temperature of a contrast must be positive and finite, but is ", temperature,
                           "; 0.07 is usual for rows of length 1"));
}

inline void require_rows_and_keys(const torch::Tensor& rows, const torch::Tensor& keys) {
  if (rows.dim() != 2 || keys.dim() != 2 || rows.size(1) != keys.size(1) || keys.size(0) < rows.size(0)) {
    throw ShapeError(concat("info_nce needs rows [N, D] and at least as many keys [M, D], but got ", rows.sizes(),
                            " and ", keys.sizes(), "; project both sides to one dimension"));
  }
  require_not_empty(rows, "info_nce");
}

}  // namespace detail

namespace loss {

/// -1/N sum over n of log( exp(r_n . k_n / T) / sum over m of exp(r_n . k_m / T) ): rows [N, D], keys [M, D], of which
/// key n belongs to row n and all others are negatives; a scalar. Keys where `unused`, bool [M], is true count for
/// nothing; it must be false for the first N. 0 if there is one key. Gradients reach rows and keys. Scores are
/// products: for cosines, give rows and keys of length 1. Source: van den Oord et al., 2018 (arXiv 1807.03748), with
/// the temperature of He et al., CVPR 2020 (arXiv 1911.05722). Throws ConfigError for a bad T, ShapeError for shapes
/// that do not fit, DataError for no rows.
[[nodiscard]] inline torch::Tensor info_nce(const torch::Tensor& rows, const torch::Tensor& keys, double temperature,
                                            const torch::Tensor& unused = {}) {
  detail::require_contrast_temperature(temperature);
  detail::require_rows_and_keys(rows, keys);
  torch::Tensor scores = rows.matmul(keys.t()) / temperature;
  if (unused.defined()) scores = scores.masked_fill(unused, -std::numeric_limits<double>::infinity());
  return torch::cross_entropy_loss(scores, torch::arange(rows.size(0), rows.options().dtype(torch::kInt64)));
}

}  // namespace loss
}  // namespace afd
