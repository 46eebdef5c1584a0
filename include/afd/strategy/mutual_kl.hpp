// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from a peer's class probabilities.

#include <string_view>

#include <torch/types.h>

#include <afd/loss/tempered_kl.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// T^2 KL( softmax(z_j/T) || softmax(z_k/T) ) for an edge j -> k, summed over the classes, averaged over the batch and
/// over the edges that end at k; of logits [N, classes, H, W] also over the places. Deep mutual learning (Zhang et al.,
/// CVPR 2018, arXiv 1706.00384) with a temperature; from a frozen teacher, the knowledge distillation of Hinton et al.,
/// 2015 (arXiv 1503.02531). T = 3 is the value usual in feature-map-level distillation; deep mutual learning itself
/// used 1. Classes are dimension 1: token logits [N, L, classes] must be transposed in the network's forward. For
/// labels that do not exclude each other there is MutualBinaryKL.
struct MutualKL {
  static constexpr std::string_view name = "mutual_kl";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double temperature = 3.0;
  double weight = 1.0;

  /// The tempered log-probabilities of one network, [N, classes] or [N, classes, ...].
  [[nodiscard]] torch::Tensor view(const torch::Tensor& logits) const {
    return loss::tempered_log_probabilities(logits, temperature);
  }

  [[nodiscard]] torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return loss::tempered_kl(student, teacher, temperature);
  }
};

static_assert(EdgeTermOf<MutualKL, torch::Tensor, torch::Tensor, torch::Tensor>);

}  // namespace afd
