// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from the labels.

#include <string_view>

#include <torch/nn/functional/loss.h>
#include <torch/types.h>

#include <afd/network/outputs.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// Cross entropy of the logits and the labels, averaged over the batch: CE(z_k, y). The smallest term there is:
/// copy it to write your own.
struct CrossEntropy {
  static constexpr std::string_view name = "cross_entropy";
  static constexpr Level level = Level::logit;

  double weight = 1.0;

  /// targets: int64 [N]. Returns a scalar.
  [[nodiscard]] torch::Tensor loss(const Outputs& outputs, const torch::Tensor& targets) const {
    return torch::nn::functional::cross_entropy(outputs.logits, targets);
  }
};

static_assert(NetworkTerm<CrossEntropy>);

}  // namespace afd
