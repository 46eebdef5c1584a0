// SPDX-License-Identifier: MIT
#pragma once

// How well class scores meet labels: loss, top-1 and top-5. The score of a trainer that is not told another.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include <afd/data/label_check.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/reader.hpp>
#include <afd/observe/mean_probability.hpp>
#include <afd/observe/running_sum.hpp>
#include <afd/observe/score.hpp>
#include <afd/observe/sharing.hpp>

namespace afd {

/// Means over `samples` samples: those that have a label.
struct ClassificationScores {
  double loss = 0;  ///< -log p(label)
  double top1 = 0;  ///< share of samples whose label is the most probable class, 0 to 1
  double top5 = 0;  ///< share whose label is among the 5 most probable; 1 for 5 classes or fewer
  std::int64_t samples = 0;

  friend bool operator==(const ClassificationScores&, const ClassificationScores&) = default;
};

/// Logits z [N, classes] against labels y, int64 [N]: the means of -log softmax(z)_y, of whether y has the greatest
/// logit, and of whether it is among the five greatest. A prediction of NaN misses, and makes the loss NaN. Samples
/// whose label is ignore_index are left out. The ensemble is the mean of the networks' probabilities. Labels of places
/// are for DenseClassification, several labels per sample for MultiLabel; soft labels are not scored.
struct Classification {
  using Reads = Logits;
  using Result = ClassificationScores;
  static constexpr std::array<ScoreColumn<Result>, 3> columns{
      {{"loss", &Result::loss}, {"top1", &Result::top1, "top-1 %", 100}, {"top5", &Result::top5, "top-5 %", 100}}};
  static constexpr std::size_t watched = 1;
  static constexpr Better better = Better::higher;

  std::int64_t ignore_index = detail::no_label;  ///< -100: the label of samples that have none
  detail::RunningSum sums = {};                  ///< of loss, hits, hits among five, and labels

  /// Throws DataError for anything but class labels that the network knows. Reads them.
  void check(const torch::Tensor& logits, const torch::Tensor& targets) const {
    if (logits.dim() != 2) {
      throw ShapeError(detail::concat("the score of a classification needs logits [N, classes], but they are ",
                                      logits.sizes(), "; choose another score, e.g. afd::DenseClassification for ",
                                      "labels of places; see afd/observe/score.hpp"));
    }
    if (!targets.defined()) throw DataError("targets must be int64 class labels [N], but are undefined");
    if (targets.dim() != 1 || targets.scalar_type() != torch::kInt64) {
      const bool is_soft = targets.is_floating_point() && targets.sizes() == logits.sizes();
      throw DataError(detail::concat(
          "targets must be int64 class labels [N], but are ", targets.scalar_type(), " of shape ", targets.sizes(),
          is_soft ? "; for another task choose its score, e.g. TrainerOptions{.score = afd::Regression{}}; "
                    "soft labels are for training: evaluate on a source of labels, without the transform that "
                    "mixes them, or give targets.argmax(1)"
                  : "; convert them with .to(torch::kInt64)"));
    }
    if (targets.size(0) != logits.size(0)) {
      throw DataError(detail::concat("the batch has ", logits.size(0), " inputs, but ", targets.size(0),
                                     " targets; give one label per input"));
    }
    detail::check_labels(targets, logits.size(1), ignore_index);
  }

  /// Log-probabilities.
  [[nodiscard]] torch::Tensor view(const torch::Tensor& logits) const { return torch::log_softmax(logits, 1); }

  void add(const torch::Tensor& log_probabilities, const torch::Tensor& targets) {
    const std::int64_t most = std::min<std::int64_t>(5, log_probabilities.size(1));
    const torch::Tensor best = std::get<1>(log_probabilities.topk(most, 1));
    const torch::Tensor has_none = targets.eq(ignore_index).unsqueeze(1);
    const torch::Tensor labels = targets.unsqueeze(1).masked_fill(has_none, 0);
    const torch::Tensor of_label = log_probabilities.gather(1, labels).masked_fill(has_none, 0);
    // topk takes NaN for the largest number of all.
    const torch::Tensor misses = of_label.isnan().logical_or_(has_none);
    const torch::Tensor hits = best.eq(labels).masked_fill_(misses, false).to(torch::kFloat64).sum(0);
    const torch::Tensor loss = of_label.to(torch::kFloat64).sum().neg();
    sums.add(torch::stack({loss, hits[0], hits.sum(), has_none.logical_not().to(torch::kFloat64).sum()}));
  }

  /// The mean of the members' class probabilities, as a log.
  [[nodiscard]] static torch::Tensor ensemble(const std::vector<torch::Tensor>& log_probabilities) {
    return detail::mean_log_probability(log_probabilities);
  }

  void share(Sharing& sharing) { sharing.add(sums); }

  /// Throws DataError if nothing was added, or no label.
  [[nodiscard]] Result result() const {
    const torch::Tensor total = sums.total();
    const std::int64_t labels = detail::require_labels(total[3].item<std::int64_t>(), ignore_index);
    const torch::Tensor means = total / static_cast<double>(labels);
    return {means[0].item<double>(), means[1].item<double>(), means[2].item<double>(), labels};
  }
};

static_assert(Score<Classification>);

}  // namespace afd
