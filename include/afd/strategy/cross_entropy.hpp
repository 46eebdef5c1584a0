// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from the labels.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <torch/nn/functional/loss.h>
#include <torch/types.h>

#include <afd/data/label_check.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/error.hpp>
#include <afd/loss/class_targets.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// Cross entropy of the logits and the labels, -log softmax(z)_y, averaged over all labels that are not ignored; of
/// soft labels q, -sum over classes of q_c log softmax(z)_c, averaged over batch and places. Targets are one of
///
///     int64 [N]            with logits [N, classes]             a label for each sample
///     int64 [N, H, W]      with logits [N, classes, H, W]       a label for each place; any number of sides
///     floating             of the logits' shape                 soft labels, as of mixup (arXiv 1710.09412)
///
/// Classes are dimension 1: token logits [N, L, classes] must be transposed in the network's forward,
/// logits.transpose(1, 2).
struct CrossEntropy {
  static constexpr std::string_view name = "cross_entropy";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double weight = 1.0;
  std::int64_t ignore_index = detail::no_label;  ///< -100: the label of samples or places that have none
  double label_smoothing = 0.0;  ///< how much of each label is spread evenly (Szegedy et al., CVPR 2016, 1512.00567)
  /// One for each class, or none. The mean over labels is then one with the labels' weights; that over soft labels is
  /// not divided by them, as in LibTorch.
  std::vector<double> class_weights = {};
  /// For data where a batch may have no label at all: its loss is then 0 instead of NaN.
  bool partly_labelled = false;

  /// Returns a scalar; see above for shapes.
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& targets) const {
    auto options = torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(label_smoothing);
    if (!class_weights.empty()) {
      options.weight(detail::sent(torch::tensor(class_weights, logits.scalar_type()), logits.device()));
    }
    if (targets.is_floating_point()) {
      return torch::nn::functional::cross_entropy(logits, targets.to(logits.scalar_type()), options);
    }
    options.ignore_index(ignore_index);
    if (!partly_labelled) return torch::nn::functional::cross_entropy(logits, targets, options);
    const torch::Tensor sum = torch::nn::functional::cross_entropy(logits, targets, options.reduction(torch::kSum));
    const torch::Tensor labels = weight_of_labels(targets, options.weight());
    return sum / labels.masked_fill(labels.eq(0), 1);
  }

  /// Throws ShapeError, DataError or ConfigError for what this term cannot be computed of.
  void check(const torch::Tensor& logits, const torch::Tensor& targets) const {
    detail::check_class_logits(logits, name);
    check_options(logits.size(1));
    detail::require_targets(targets, name, "int64 labels [N], or soft labels of the logits' shape");
    if (targets.is_floating_point()) {
      detail::check_soft_label_form(logits, targets, name);
    } else {
      detail::check_label_form(logits, targets, name, /*soft_too=*/true);
    }
  }

  /// Throws DataError for labels out of range, soft labels that are no probabilities, and batches without any label
  /// unless such are expected. Reads the targets.
  void check_values(const torch::Tensor& logits, const torch::Tensor& targets) const {
    if (targets.is_floating_point()) {
      detail::check_soft_labels(targets);
      return;
    }
    const bool has_labels = detail::check_labels(targets, logits.size(1), ignore_index);
    if (partly_labelled || has_labels) return;
    throw DataError(detail::concat("all targets of the batch are ", ignore_index, ", so it has no label and its mean ",
                                   "loss is NaN; where batches without labels are meant, set ",
                                   "CrossEntropy{.partly_labelled = true}"));
  }

  /// The weights of all labels that count; of soft labels, how many there are.
  [[nodiscard]] torch::Tensor mean_over(const torch::Tensor& targets) const {
    if (targets.is_floating_point()) {
      return torch::full({}, targets.numel() / std::max<std::int64_t>(1, targets.size(1)), targets.options());
    }
    const torch::Tensor weights =
        class_weights.empty() ? torch::Tensor() : detail::sent(torch::tensor(class_weights), targets.device());
    return weight_of_labels(targets, weights);
  }

 private:
  [[nodiscard]] torch::Tensor weight_of_labels(const torch::Tensor& targets, const torch::Tensor& weights) const {
    const torch::Tensor has_none = targets.eq(ignore_index);
    if (!weights.defined()) return has_none.logical_not().sum();
    const torch::Tensor labels = targets.masked_fill(has_none, 0).flatten();
    return weights.index_select(0, labels).masked_fill(has_none.flatten(), 0).sum();
  }

  void check_options(std::int64_t classes) const {
    if (!(label_smoothing >= 0.0 && label_smoothing < 1.0)) {
      throw ConfigError(detail::concat("label_smoothing must be at least 0 and less than 1, but is ", label_smoothing,
                                       "; 0.1 is usual, and at 1 no label would count"));
    }
    if (class_weights.empty()) return;
    if (static_cast<std::int64_t>(class_weights.size()) != classes) {
      throw ConfigError(detail::concat("class_weights has ", class_weights.size(), " weights, but the logits have ",
                                       classes, " classes; give one for each class, or none"));
    }
    double sum = 0.0;
    for (const double each : class_weights) {
      if (!std::isfinite(each) || each < 0.0) {
        throw ConfigError(detail::concat("class_weights must be finite and not negative, but one is ", each));
      }
      sum += each;
    }
    if (sum == 0.0) throw ConfigError("class_weights are all 0, so nothing would be learnt; give some class a weight");
  }
};

static_assert(NetworkTermOf<CrossEntropy, torch::Tensor, torch::Tensor>);
static_assert(TermChecks<CrossEntropy, torch::Tensor, torch::Tensor>);
static_assert(TermChecksValues<CrossEntropy, torch::Tensor, torch::Tensor>);

}  // namespace afd
