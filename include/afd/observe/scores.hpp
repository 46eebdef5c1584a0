// SPDX-License-Identifier: MIT
#pragma once

// How well predictions meet labels: loss, top-1 and top-5, gathered over batches.

#include <algorithm>
#include <cstdint>

#include <torch/types.h>

#include <afd/error.hpp>

namespace afd {

/// Means over `samples` samples.
struct Scores {
  double loss = 0;  ///< -log p(label)
  double top1 = 0;  ///< share of samples whose label is the most probable class, 0 to 1
  double top5 = 0;  ///< share whose label is among the 5 most probable; 1 for 5 classes or fewer
  std::int64_t samples = 0;

  friend bool operator==(const Scores&, const Scores&) = default;
};

/// Sums the scores of batches on their device; nothing is read before scores().
class ScoreSums {
 public:
  /// log_probabilities [N, classes], targets int64 [N]. A prediction of NaN misses.
  void add(const torch::Tensor& log_probabilities, const torch::Tensor& targets) {
    const std::int64_t most = std::min<std::int64_t>(5, log_probabilities.size(1));
    const torch::Tensor best = std::get<1>(log_probabilities.topk(most, 1));
    const torch::Tensor of_label = log_probabilities.gather(1, targets.unsqueeze(1));
    // topk takes NaN for the largest number of all.
    const torch::Tensor hits =
        best.eq(targets.unsqueeze(1)).logical_and_(of_label.isnan().logical_not_()).to(torch::kFloat64).sum(0);
    const torch::Tensor loss = of_label.to(torch::kFloat64).sum().neg();
    const torch::Tensor sums = torch::stack({loss, hits[0], hits.sum()});
    sums_ = sums_.defined() ? sums_ + sums : sums;
    samples_ += targets.size(0);
  }

  /// Throws DataError if nothing was added.
  [[nodiscard]] Scores scores() const {
    if (samples_ == 0) throw DataError("there is nothing to evaluate: the source of batches gave no sample");
    const torch::Tensor means = sums_.to(torch::kCPU) / static_cast<double>(samples_);
    return {means[0].item<double>(), means[1].item<double>(), means[2].item<double>(), samples_};
  }

 private:
  torch::Tensor sums_;
  std::int64_t samples_ = 0;
};

}  // namespace afd
