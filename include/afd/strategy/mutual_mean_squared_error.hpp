// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from the numbers that a peer predicts.

#include <string_view>

#include <torch/types.h>

#include <afd/loss/same_shape.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// (z_k - z_j)^2 for an edge j -> k, averaged over all numbers, and over the edges that end at k. For regression; of a
/// classifier's logits, the matching of Ba and Caruana, NeurIPS 2014 (arXiv 1312.6184); MutualKL tends to half of it
/// for large temperatures and logits of mean 0. Predictions of any shape, the same for both networks.
struct MutualMeanSquaredError {
  static constexpr std::string_view name = "mutual_mean_squared_error";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double weight = 1.0;

  [[nodiscard]] torch::Tensor view(const torch::Tensor& predictions) const { return predictions; }

  /// Throws ShapeError for two shapes, which could be broadcast, DataError for empty ones.
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    detail::require_same_shape(student, teacher, name, "both networks must predict the same numbers of a sample");
    detail::require_not_empty(student, name);
    return torch::mse_loss(student, teacher);
  }
};

static_assert(EdgeTermOf<MutualMeanSquaredError, torch::Tensor, torch::Tensor, torch::Tensor>);

}  // namespace afd
