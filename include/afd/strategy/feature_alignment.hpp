// SPDX-License-Identifier: MIT
#pragma once

// Direct alignment: what a network learns from a peer's feature maps, place by place.

#include <concepts>
#include <string_view>

#include <torch/types.h>

#include <afd/loss/alignment.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>
#include <afd/transfer/feature_shape.hpp>
#include <afd/transfer/transfer.hpp>
#include <afd/transfer/transfer_layers.hpp>

namespace afd {

/// A distance of two maps [N, C, H, W]: `name`, and `distance(student, teacher)`, a scalar. Not required: symmetry.
template <class D>
concept MapDistance = std::copyable<D> && requires(const D& distance, const torch::Tensor& map) {
  { D::name } -> std::convertible_to<std::string_view>;
  { distance(map, map) } -> std::same_as<torch::Tensor>;
};

/// The mean absolute difference over batch, channels and places: loss::l1.
struct L1Distance {
  static constexpr std::string_view name = "feature_l1";
  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return loss::l1(student, teacher);
  }
};

/// The mean squared difference over batch, channels and places: loss::l2.
struct L2Distance {
  static constexpr std::string_view name = "feature_l2";
  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return loss::l2(student, teacher);
  }
};

/// distance(T_k(f_k), T_j(f_j)) for an edge j -> k, averaged over the edges that end at k: the baseline that
/// adversarial transfer is compared with. Gradients reach network k's extractor and the edge's transfer layers.
/// A hint at a middle stage (FitNets, Romero et al., ICLR 2015, arXiv 1412.6550) is At<0, FeatureL2>.
template <MapDistance Distance, class T = StudentConv>
struct FeatureAlignment {
  static_assert(detail::require_transfer<T>() || true);  // says itself what is wrong

  static constexpr std::string_view name = Distance::name;
  static constexpr Level level = Level::feature;

  /// The layers of one edge.
  struct Edge {
    TransferLayers<T> transfer;
  };

  using Reads = Features;

  Distance distance = {};
  T transfer = {};
  double weight = 1.0;

  [[nodiscard]] Edge make_edge(FeatureShape student, FeatureShape teacher) const {
    return {transfer.make(student, teacher)};
  }

  /// Features as they are: a tensor, or Tokens.
  template <detail::FeatureTensor F>
  [[nodiscard]] F view(const F& features) const {
    return features;
  }

  template <detail::FeatureTensor Student, detail::FeatureTensor Teacher>
  [[nodiscard]] torch::Tensor loss(Edge& edge, const Student& student, const Teacher& teacher) const {
    return distance(edge.transfer->student(channels_first(student)), edge.transfer->teacher(channels_first(teacher)));
  }
};

using FeatureL1 = FeatureAlignment<L1Distance>;
using FeatureL2 = FeatureAlignment<L2Distance>;

static_assert(EdgeTermOf<FeatureL1, torch::Tensor, torch::Tensor, torch::Tensor>);
static_assert(EdgeTermOf<FeatureL2, Tokens, torch::Tensor, torch::Tensor>);

}  // namespace afd
