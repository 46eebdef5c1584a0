// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from where a peer is active.

#include <string_view>

#include <torch/types.h>

#include <afd/loss/attention.hpp>
#include <afd/network/outputs.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd {

/// The mean squared difference of the two networks' normalised attention maps, for any channel counts, without
/// layers of its own: loss::attention_transfer. Features are maps [N, C, H, W], sequences [N, C, L], volumes
/// [N, C, D, H, W], or Tokens, which are compared with maps if their grid is known. Averaged over the edges that end at
/// a student. Source: Zagoruyko and Komodakis, ICLR 2017 (arXiv 1612.03928); the weight there is 1000, with this loss
/// in the sum.
struct AttentionTransfer {
  static constexpr std::string_view name = "attention_transfer";
  static constexpr Level level = Level::feature;

  using Reads = Features;

  double weight = 1000.0;

  /// The attention map of one network, [N, H, W], [N, L] or [N, D, H, W].
  [[nodiscard]] torch::Tensor view(const torch::Tensor& features) const { return loss::attention_map(features); }
  [[nodiscard]] torch::Tensor view(const Tokens& tokens) const {
    static_cast<void>(feature_shape(tokens));  // throws for a grid that has not as many places as there are tokens
    return loss::attention_map(channels_first(tokens));
  }

  [[nodiscard]] torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return loss::attention_transfer(student, teacher);
  }
};

static_assert(EdgeTermOf<AttentionTransfer, torch::Tensor, torch::Tensor, torch::Tensor>);
static_assert(TermViews<AttentionTransfer, Tokens>);

}  // namespace afd
