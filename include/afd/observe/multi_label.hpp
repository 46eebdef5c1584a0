// SPDX-License-Identifier: MIT
#pragma once

// How well networks say which of many labels a sample has, each of which it may have or not.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/class_targets.hpp>
#include <afd/loss/matching_targets.hpp>
#include <afd/network/reader.hpp>
#include <afd/observe/mean_probability.hpp>
#include <afd/observe/running_sum.hpp>
#include <afd/observe/score.hpp>
#include <afd/observe/sharing.hpp>

namespace afd {

/// Over `samples` samples.
struct MultiLabelScores {
  double loss = 0;         ///< mean binary cross entropy of all logits
  double mean_ap = 0;      ///< mean average precision of classes that some sample has, 0 to 1; NaN if no sample has any
  double exact_match = 0;  ///< share of samples whose labels are all said rightly, 0 to 1
  std::int64_t samples = 0;

  friend bool operator==(const MultiLabelScores&, const MultiLabelScores&) = default;
};

namespace detail {

/// How well scores [N] rank those that are `positive`, bool [N], above others. A sum over the steps of the
/// precision-recall curve, without interpolation:
///     AP = mean over positives i of #(positives j with s_j >= s_i) / #(all j with s_j >= s_i).
/// Equal scores so come in together, whatever the order of samples. NaN ranks last. A double; NaN without positives.
[[nodiscard]] inline torch::Tensor average_precision(const torch::Tensor& scores, const torch::Tensor& positive) {
  const torch::Tensor known = scores.masked_fill(scores.isnan(), -std::numeric_limits<double>::infinity());
  const auto [fall, order] = known.neg().sort(0);
  const torch::Tensor hits = positive.index_select(0, order).to(torch::kFloat64);
  // How many have this score or a better one.
  const torch::Tensor count = torch::searchsorted(fall, fall, /*out_int32=*/false, /*right=*/true);
  const torch::Tensor precision = hits.cumsum(0).index_select(0, count - 1) / count;
  return (precision * hits).sum() / hits.sum();
}

}  // namespace detail

/// Logits z [N, classes] against targets y of that shape, 0 or 1 of any dtype: the mean of
/// -y log sigmoid(z) - (1 - y) log(1 - sigmoid(z)); the mean over classes of the average precision with which z ranks
/// the samples (see detail::average_precision for ties); and the share of samples with (z > 0) = y for all classes.
/// A prediction of NaN ranks last, never matches, and makes the loss NaN. The ensemble is the mean of the networks'
/// probabilities sigmoid(z). Ranks are of all samples, so logits and targets are kept on their device until result(),
/// 5 bytes for a number, of every network and of the ensemble. Targets that are known for some classes only are
/// refused.
class MultiLabel {
 public:
  using Reads = Logits;
  using Result = MultiLabelScores;
  static constexpr std::array<ScoreColumn<Result>, 3> columns{{{"loss", &Result::loss},
                                                               {"mean_ap", &Result::mean_ap, "mAP %", 100},
                                                               {"exact_match", &Result::exact_match, "exact %", 100}}};
  static constexpr std::size_t watched = 1;
  static constexpr Better better = Better::higher;

  /// Throws ShapeError or DataError for anything but a 0 or 1 for each logit. Reads targets.
  void check(const torch::Tensor& logits, const torch::Tensor& targets) const {
    if (logits.dim() != 2) {
      throw ShapeError(detail::concat("the score of several labels needs logits [N, classes], but they are ",
                                      logits.sizes(), "; choose another score, see afd/observe/score.hpp"));
    }
    if (!targets.defined()) throw DataError("targets must be 0 or 1 for each logit, but are undefined");
    check_shape(logits, targets);
    if (targets.eq(0).logical_or(targets.eq(1)).all().item<bool>()) return;
    throw DataError(detail::concat("targets must be 0 or 1, but go from ", targets.min().item<double>(), " to ",
                                   targets.max().item<double>(),
                                   "; 1 says that the sample has the label. Soft targets ",
                                   "are for training: evaluate on what they were made of"));
  }

  void add(const torch::Tensor& logits, const torch::Tensor& targets) {
    // Copies: a source, or a network, may fill the same memory again.
    const auto dtype = c10::promoteTypes(logits.scalar_type(), torch::kFloat32);
    const torch::Tensor scores = logits.detach().to(dtype, /*non_blocking=*/false, /*copy=*/true);
    const torch::Tensor has_label = targets.to(torch::kBool, /*non_blocking=*/false, /*copy=*/true);
    const torch::Tensor bce = torch::binary_cross_entropy_with_logits(scores, has_label.to(scores.scalar_type()), {},
                                                                      {}, at::Reduction::None);
    const torch::Tensor matches = scores.gt(0).eq(has_label).logical_and_(scores.isnan().logical_not_()).all(1);
    sums_.add(torch::stack({bce.to(torch::kFloat64).sum(), matches.to(torch::kFloat64).sum()}));
    scores_.push_back(scores);
    has_label_.push_back(has_label);
  }

  /// The logit of the mean of the members' probabilities.
  [[nodiscard]] static torch::Tensor ensemble(const std::vector<torch::Tensor>& logits) {
    return detail::mean_binary_logit(logits);
  }

  void share(Sharing& sharing) {
    sharing.add(sums_);
    sharing.append(scores_);
    sharing.append(has_label_);
  }

  /// Throws DataError if nothing was added.
  [[nodiscard]] Result result() const {
    const torch::Tensor total = sums_.total();
    const torch::Tensor scores = torch::cat(scores_), has_label = torch::cat(has_label_);
    std::vector<torch::Tensor> precisions;
    for (std::int64_t c = 0; c < scores.size(1); ++c) {
      precisions.push_back(detail::average_precision(scores.select(1, c), has_label.select(1, c)));
    }
    const torch::Tensor mean = torch::stack(precisions).masked_select(has_label.any(0)).mean();
    return {total[0].item<double>() / static_cast<double>(scores.numel()), mean.item<double>(),
            total[1].item<double>() / static_cast<double>(scores.size(0)), scores.size(0)};
  }

 private:
  static void check_shape(const torch::Tensor& logits, const torch::Tensor& targets) {
    if (targets.sizes() == logits.sizes()) return;
    detail::require_target_rows(logits, targets, "row of targets");
    const auto reshape = detail::reshaping(logits.sizes(), targets.sizes());
    const std::string found = detail::concat("targets have shape ", targets.sizes(), ", but must have the logits' ",
                                             "shape ", logits.sizes());
    if (reshape != "?") throw DataError(detail::concat(found, "; give targets", reshape));
    throw DataError(found + "; labels of classes that exclude each other are for afd::Classification");
  }

  detail::RunningSum sums_;  // of losses and matches
  std::vector<torch::Tensor> scores_, has_label_;
};

static_assert(Score<MultiLabel>);

}  // namespace afd
