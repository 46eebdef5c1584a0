// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from labels that do not exclude each other, or from one yes or no.

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <torch/nn/functional/loss.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/error.hpp>
#include <afd/loss/matching_targets.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// Binary cross entropy of sigmoid(z) and targets y in [0, 1], -y log sigmoid(z) - (1 - y) log(1 - sigmoid(z)),
/// averaged over batch, classes and places; computed from the logits, so large ones do no harm. Logits and targets have
/// one shape: [N, classes] for several labels per sample, [N, 1] for one yes or no, [N, classes, H, W] for places.
struct BinaryCrossEntropy {
  static constexpr std::string_view name = "binary_cross_entropy";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double weight = 1.0;
  /// Factors of y, one for each class, or none: negatives / positives of the data outweighs rare labels.
  std::vector<double> pos_weight = {};

  /// Logits and floating targets of one shape. Returns a scalar.
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& targets) const {
    auto options = torch::nn::functional::BinaryCrossEntropyWithLogitsFuncOptions();
    if (!pos_weight.empty()) {
      // LibTorch would look for classes in the last dimension.
      std::vector<std::int64_t> shape(logits.dim() > 2 ? static_cast<std::size_t>(logits.dim()) - 1 : 1, 1);
      shape[0] = -1;
      options.pos_weight(detail::sent(torch::tensor(pos_weight, logits.scalar_type()), logits.device()).view(shape));
    }
    return torch::nn::functional::binary_cross_entropy_with_logits(logits, targets.to(logits.scalar_type()), options);
  }

  /// Throws DataError or ConfigError for what this term cannot be computed of.
  void check(const torch::Tensor& logits, const torch::Tensor& targets) const {
    detail::check_matching_targets(logits, targets, name, "logits",
                                   "give a number from 0 to 1 for each logit. Labels of classes that exclude each "
                                   "other are for afd::CrossEntropy");
    if (pos_weight.empty()) return;
    const std::int64_t classes = logits.dim() > 1 ? logits.size(1) : 1;
    if (static_cast<std::int64_t>(pos_weight.size()) != classes) {
      throw ConfigError(detail::concat("pos_weight has ", pos_weight.size(), " weights, but logits of shape ",
                                       logits.sizes(), " have ", classes, " classes; give one for each, or none"));
    }
    for (const double each : pos_weight) {
      if (std::isfinite(each) && each >= 0.0) continue;
      throw ConfigError(detail::concat("pos_weight must be finite and not negative, but one is ", each));
    }
  }

  /// Throws DataError for targets that are not in [0, 1]. Reads them.
  void check_values(const torch::Tensor& /*logits*/, const torch::Tensor& targets) const {
    if (targets.ge(0).logical_and(targets.le(1)).all().item<bool>()) return;
    throw DataError(detail::concat("binary_cross_entropy: targets must be from 0 to 1, but go from ",
                                   targets.min().item<double>(), " to ", targets.max().item<double>(),
                                   "; 1 says that the label holds, 0 that it does not"));
  }
};

static_assert(NetworkTermOf<BinaryCrossEntropy, torch::Tensor, torch::Tensor>);
static_assert(TermChecks<BinaryCrossEntropy, torch::Tensor, torch::Tensor>);
static_assert(TermChecksValues<BinaryCrossEntropy, torch::Tensor, torch::Tensor>);

}  // namespace afd
