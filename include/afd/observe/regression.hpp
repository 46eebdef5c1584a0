// SPDX-License-Identifier: MIT
#pragma once

// How well predicted numbers meet the true ones.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include <afd/error.hpp>
#include <afd/loss/matching_targets.hpp>
#include <afd/network/reader.hpp>
#include <afd/observe/running_sum.hpp>
#include <afd/observe/score.hpp>
#include <afd/observe/sharing.hpp>

namespace afd {

/// Means over all numbers of `samples` samples.
struct RegressionScores {
  double mae = 0;  ///< mean absolute error
  double mse = 0;  ///< mean squared error
  std::int64_t samples = 0;

  friend bool operator==(const RegressionScores&, const RegressionScores&) = default;
};

/// Predictions z against floating targets y of one shape, [N], [N, numbers], [N, C, H, W] or any other: the means of
/// |z - y| and (z - y)^2 over all numbers of all batches, in the targets' unit. A prediction of NaN makes both NaN. The
/// ensemble is the mean of the networks' predictions. It reads what is called logits; for another member derive:
///     struct DepthError : afd::Regression { using Reads = afd::Member<&Mine::depth>; };
/// Numbers of several units are not told apart, and none are left out: give a score of your own for masks.
class Regression {
 public:
  using Reads = Logits;
  using Result = RegressionScores;
  static constexpr std::array<ScoreColumn<Result>, 2> columns{{{"mae", &Result::mae}, {"mse", &Result::mse}}};
  static constexpr std::size_t watched = 0;
  static constexpr Better better = Better::lower;

  /// Throws DataError for targets of another shape, which would be broadcast, of no floating dtype, or not finite.
  /// Reads them.
  void check(const torch::Tensor& predictions, const torch::Tensor& targets) const {
    if (!targets.defined()) throw DataError("targets must be a number for each prediction, but are undefined");
    detail::check_matching_targets(predictions, targets, "regression", "predictions",
                                   "give a number for each prediction");
    if (targets.isfinite().all().item<bool>()) return;
    throw DataError("regression: targets hold NaN or infinity; clean the data, or check the transform");
  }

  void add(const torch::Tensor& predictions, const torch::Tensor& targets) {
    const torch::Tensor error = predictions.to(torch::kFloat64) - targets.to(torch::kFloat64);
    sums_.add(torch::stack({error.abs().sum(), error.square().sum()}));
    numbers_ += error.numel();
    samples_ += error.size(0);
  }

  /// The mean of the members' predictions.
  [[nodiscard]] static torch::Tensor ensemble(const std::vector<torch::Tensor>& predictions) {
    return torch::stack(predictions).mean(0);
  }

  void share(Sharing& sharing) {
    sharing.add(sums_);
    sharing.add(numbers_);
    sharing.add(samples_);
  }

  /// Throws DataError if nothing was added.
  [[nodiscard]] Result result() const {
    const torch::Tensor means = sums_.total() / static_cast<double>(numbers_);
    return {means[0].item<double>(), means[1].item<double>(), samples_};
  }

 private:
  detail::RunningSum sums_;  // of absolute and of squared errors
  std::int64_t numbers_ = 0;
  std::int64_t samples_ = 0;
};

static_assert(Score<Regression>);

}  // namespace afd
