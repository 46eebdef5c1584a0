// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from where a peer is active.

#include <string_view>

#include <torch/types.h>

#include <afd/loss/attention.hpp>
#include <afd/network/outputs.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// The mean squared difference of the two networks' normalised attention maps, for any channel counts, without
/// layers of its own: loss::attention_transfer. Averaged over the edges that end at a student. Source: Zagoruyko and
/// Komodakis, ICLR 2017 (arXiv 1612.03928); the weight there is 1000, with this loss in the sum.
struct AttentionTransfer {
  static constexpr std::string_view name = "attention_transfer";
  static constexpr Level level = Level::feature;

  double weight = 1000.0;

  /// The attention map of one network, [N, H, W].
  [[nodiscard]] torch::Tensor view(const Outputs& outputs) const { return loss::attention_map(outputs.features); }
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return loss::attention_transfer(student, teacher);
  }
};

static_assert(EdgeTerm<AttentionTransfer> && ComparesViews<AttentionTransfer>);

}  // namespace afd
