// SPDX-License-Identifier: MIT
#pragma once

// What a network that predicts numbers learns from the true ones.

#include <string_view>

#include <torch/types.h>

#include <afd/error.hpp>
#include <afd/loss/matching_targets.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// (z - y)^2, averaged over all numbers: regression. It reads what is called logits, whatever the network predicts
/// there; of a struct, any member: afd::At<&Mine::depth, MeanSquaredError>. Predictions and targets have one shape,
/// [N], [N, numbers], [N, C, H, W] or any other.
struct MeanSquaredError {
  static constexpr std::string_view name = "mean_squared_error";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double weight = 1.0;

  /// Predictions and floating targets of one shape. Returns a scalar.
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& predictions, const torch::Tensor& targets) const {
    return torch::mse_loss(predictions, targets.to(predictions.scalar_type()));
  }

  /// Throws DataError for targets of another shape, which would be broadcast, or of no floating dtype.
  void check(const torch::Tensor& predictions, const torch::Tensor& targets) const {
    detail::check_matching_targets(predictions, targets, name, "predictions", "give a number for each prediction");
  }

  /// Throws DataError for targets that are NaN or infinite. Reads them.
  void check_values(const torch::Tensor& /*predictions*/, const torch::Tensor& targets) const {
    if (targets.isfinite().all().item<bool>()) return;
    throw DataError("mean_squared_error: targets hold NaN or infinity; clean the data, or check the transform");
  }
};

static_assert(NetworkTermOf<MeanSquaredError, torch::Tensor, torch::Tensor>);
static_assert(TermChecks<MeanSquaredError, torch::Tensor, torch::Tensor>);
static_assert(TermChecksValues<MeanSquaredError, torch::Tensor, torch::Tensor>);

}  // namespace afd
