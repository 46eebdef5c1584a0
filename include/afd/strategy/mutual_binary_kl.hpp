// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from a peer's probabilities of labels that do not exclude each other.

#include <string_view>

#include <torch/types.h>

#include <afd/loss/tempered_binary_kl.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// T^2 times the sum over classes c of KL( Bernoulli(sigmoid(z_j,c/T)) || Bernoulli(sigmoid(z_k,c/T)) ) for an edge
/// j -> k, averaged over the batch, over places if there are, and over the edges that end at k: MutualKL for networks
/// that learn by BinaryCrossEntropy. The logit part of multi-label distillation (Yang et al., ICCV 2023, arXiv
/// 2308.06453, where T = 1), with a temperature. Logits [N, classes], [N, classes, H, W], or [N, 1] of one yes or no.
struct MutualBinaryKL {
  static constexpr std::string_view name = "mutual_binary_kl";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double temperature = 1.0;
  double weight = 1.0;

  /// The tempered log-probabilities of each label and of its absence, [N, classes, 2].
  [[nodiscard]] torch::Tensor view(const torch::Tensor& logits) const {
    return loss::tempered_binary_log_probabilities(logits, temperature);
  }

  [[nodiscard]] torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return loss::tempered_binary_kl(student, teacher, temperature);
  }
};

static_assert(EdgeTermOf<MutualBinaryKL, torch::Tensor, torch::Tensor, torch::Tensor>);

}  // namespace afd
