// SPDX-License-Identifier: MIT
#pragma once

// Learning from what all networks think together.

#include <span>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include <afd/loss/same_shape.hpp>
#include <afd/loss/tempered_kl.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// T^2 KL( softmax(m/T) || softmax(z_k/T) ), where m is the mean of the logits of network k and of all that it learns
/// from, as a constant. Close to ONE (Lan et al., NeurIPS 2018, arXiv 1806.04606), which learns the weights of the mean
/// by a gate, and to KDCL (Guo et al., CVPR 2020), which weights or selects the logits. Over topology::AllPairs the
/// target is the same for all networks. Logits [N, classes] or [N, classes, ...], as of MutualKL.
struct EnsembleKL {
  static constexpr std::string_view name = "ensemble_kl";
  static constexpr Level level = Level::logit;

  using Reads = Logits;

  double temperature = 3.0;
  double weight = 1.0;

  [[nodiscard]] torch::Tensor view(const torch::Tensor& logits) const { return logits; }

  /// Logits of the student, and constants: those of its teachers and, last, its own. Throws ShapeError for two shapes.
  [[nodiscard]] torch::Tensor group_loss(const torch::Tensor& student, std::span<const torch::Tensor> group) const {
    for (const torch::Tensor& logits : group) {
      detail::require_same_shape(student, logits, name, "all networks must see the same batch and the same classes");
    }
    const torch::Tensor mean = torch::stack(std::vector<torch::Tensor>(group.begin(), group.end())).mean(0);
    return loss::tempered_kl_from_logits(student, mean, temperature);
  }
};

static_assert(ComparesGroup<EnsembleKL> && ComparesGroupOf<EnsembleKL, torch::Tensor>);

}  // namespace afd
