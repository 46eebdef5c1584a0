// SPDX-License-Identifier: MIT
#pragma once

// How well class scores of every place meet its label: segmentation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include <afd/data/label_check.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/class_targets.hpp>
#include <afd/network/reader.hpp>
#include <afd/observe/mean_probability.hpp>
#include <afd/observe/running_sum.hpp>
#include <afd/observe/score.hpp>
#include <afd/observe/sharing.hpp>

namespace afd {

namespace detail {

/// How often each number below `end` is among `numbers`, int64 [N]. On an accelerator without bincount, which waits
/// there to see how long its result is.
[[nodiscard]] inline torch::Tensor counted(const torch::Tensor& numbers, std::int64_t end) {
  if (numbers.device().is_cpu()) return torch::bincount(numbers, {}, end);
  return torch::zeros({end}, numbers.options()).scatter_add_(0, numbers, torch::ones_like(numbers));
}

}  // namespace detail

/// Over `samples` places: those that have a label, of all batches together.
struct DenseClassificationScores {
  double loss = 0;            ///< mean of -log p(label)
  double pixel_accuracy = 0;  ///< share of places whose label is the most probable class, 0 to 1
  double mean_iou = 0;        ///< mean over classes of intersection over union, 0 to 1
  std::int64_t samples = 0;

  friend bool operator==(const DenseClassificationScores&, const DenseClassificationScores&) = default;
};

/// Logits z [N, classes, ...] against labels y, int64 [N, ...]: [N, H, W], or any other number of sides. Of all places
/// whose label is not ignore_index, the mean of -log softmax(z)_y, the share where y has the greatest logit, and the
/// mean over classes c of
///     IoU_c = #(label c and predicted c) / #(label c or predicted c),
/// counted over all batches and not image by image. Classes that no place has or is predicted to have are left out of
/// that mean, and so is ignore_index if it is one. A prediction of NaN misses, is of no class, and makes the loss NaN.
/// The ensemble is the mean of the networks' probabilities. Logits of another size than the labels are not resized.
struct DenseClassification {
  using Reads = Logits;
  using Result = DenseClassificationScores;
  static constexpr std::array<ScoreColumn<Result>, 3> columns{
      {{"loss", &Result::loss},
       {"pixel_accuracy", &Result::pixel_accuracy, "pixel %", 100},
       {"mean_iou", &Result::mean_iou, "mIoU %", 100}}};
  static constexpr std::size_t watched = 2;
  static constexpr Better better = Better::higher;

  std::int64_t ignore_index = detail::no_label;  ///< -100: the label of places that have none; 255 in many data sets
  detail::RunningSum loss = {};                  ///< of all labelled places
  detail::RunningSum confusion = {};             ///< places by label and prediction, [classes, classes + 1]

  /// Throws ShapeError or DataError for anything but labels of the places of logits. Reads them.
  void check(const torch::Tensor& logits, const torch::Tensor& targets) const {
    if (logits.dim() < 2 || logits.size(1) < 2) {
      throw ShapeError(detail::concat("the score of a dense classification needs logits [N, classes, ...] of at least ",
                                      "two classes, but they are ", logits.sizes(), "; give the networks a logit for ",
                                      "each class, or choose another score, see afd/observe/score.hpp"));
    }
    if (!targets.defined()) throw DataError("targets must be int64 class labels [N, ...], but are undefined");
    detail::check_label_form(logits, targets, "dense_classification", /*soft_too=*/false);
    try {
      detail::check_labels(targets, logits.size(1), ignore_index);
    } catch (const DataError& error) {
      throw DataError(detail::concat(error.what(), "; places without a label have the score's ignore_index, now ",
                                     ignore_index, ": set DenseClassification{.ignore_index = 255} for another"));
    }
  }

  /// Log-probabilities.
  [[nodiscard]] torch::Tensor view(const torch::Tensor& logits) const { return torch::log_softmax(logits, 1); }

  void add(const torch::Tensor& log_probabilities, const torch::Tensor& targets) {
    const std::int64_t classes = log_probabilities.size(1);
    const torch::Tensor has_none = targets.eq(ignore_index);
    const torch::Tensor labels = targets.masked_fill(has_none, 0);
    const torch::Tensor of_label = log_probabilities.gather(1, labels.unsqueeze(1)).squeeze(1);
    loss.add(of_label.masked_fill(has_none, 0).to(torch::kFloat64).sum().neg());
    // NaN is no class: the column after the last. Places without a label go behind the table, which is cut off.
    const auto [most, best] = log_probabilities.max(1);
    const torch::Tensor predicted = best.masked_fill(most.isnan(), classes);
    const std::int64_t cells = classes * (classes + 1);
    const torch::Tensor cell = (labels * (classes + 1) + predicted).masked_fill(has_none, cells);
    const torch::Tensor counts = detail::counted(cell.flatten(), cells + 1);
    confusion.add(counts.narrow(0, 0, cells).view({classes, classes + 1}));
  }

  /// The mean of the members' class probabilities, as a log.
  [[nodiscard]] static torch::Tensor ensemble(const std::vector<torch::Tensor>& log_probabilities) {
    return detail::mean_log_probability(log_probabilities);
  }

  void share(Sharing& sharing) {
    sharing.add(loss);
    sharing.add(confusion);
  }

  /// Throws DataError if nothing was added, or no label.
  [[nodiscard]] Result result() const {
    const torch::Tensor table = confusion.total().to(torch::kFloat64);
    const std::int64_t labels = detail::require_labels(table.sum().item<std::int64_t>(), ignore_index);
    const std::int64_t classes = table.size(0);
    const torch::Tensor both = table.diagonal();
    const torch::Tensor either = table.sum(1) + table.sum(0).narrow(0, 0, classes) - both;
    torch::Tensor counts = either.gt(0);
    if (ignore_index >= 0 && ignore_index < classes) counts[ignore_index].fill_(false);
    const torch::Tensor iou = (both / either).masked_select(counts);
    const auto places = static_cast<double>(labels);
    return {loss.total().item<double>() / places, both.sum().item<double>() / places, iou.mean().item<double>(),
            labels};
  }
};

static_assert(Score<DenseClassification>);

}  // namespace afd
