// SPDX-License-Identifier: MIT
#pragma once

// Direct alignment: what a network learns from a peer's feature maps, place by place.

#include <concepts>
#include <string_view>

#include <torch/types.h>

#include <afd/loss/alignment.hpp>
#include <afd/network/outputs.hpp>
#include <afd/strategy/term.hpp>
#include <afd/transfer/map_shape.hpp>
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
template <MapDistance Distance, class T = StudentConv>
struct FeatureAlignment {
  static_assert(detail::require_transfer<T>() || true);  // says itself what is wrong

  static constexpr std::string_view name = Distance::name;
  static constexpr Level level = Level::feature;

  /// The layers of one edge.
  struct Edge {
    TransferLayers<T> transfer;
  };

  Distance distance = {};
  T transfer = {};
  double weight = 1.0;

  [[nodiscard]] Edge make_edge(MapShape student, MapShape teacher) const { return {transfer.make(student, teacher)}; }

  [[nodiscard]] torch::Tensor view(const Outputs& outputs) const { return as_map(outputs.features); }

  [[nodiscard]] torch::Tensor loss(Edge& edge, const torch::Tensor& student, const torch::Tensor& teacher) const {
    return distance(edge.transfer->student(student), edge.transfer->teacher(teacher));
  }
};

using FeatureL1 = FeatureAlignment<L1Distance>;
using FeatureL2 = FeatureAlignment<L2Distance>;

static_assert(EdgeTerm<FeatureL1> && ComparesThroughEdge<FeatureL1>);
static_assert(EdgeTerm<FeatureL2> && ComparesThroughEdge<FeatureL2>);

}  // namespace afd
