// SPDX-License-Identifier: MIT
#pragma once

// Features as LibTorch's layers of two or three sides take them: a vector is a map of 1 x 1, a sequence one of 1 x L.
// With kernels of size 1 along the added sides the layers compute what those of fewer sides would.

#include <array>
#include <cstddef>
#include <cstdint>

#include <torch/types.h>

#include <afd/transfer/feature_shape.hpp>

namespace afd::detail {

/// The sides of features of `shape` in the view for layers of so many sides, of which `shape` has no more.
template <std::size_t Sides>
[[nodiscard]] std::array<std::int64_t, Sides> layer_sides(const FeatureShape& shape) {
  std::array<std::int64_t, Sides> sides{};
  sides.fill(1);
  for (std::size_t i = 0; i < shape.rank; ++i) sides[Sides - shape.rank + i] = shape.sides[i];
  return sides;
}

/// [N, C] as [N, C, 1, 1] and [N, C, L] as [N, C, 1, L], without a copy; maps and volumes as they are.
[[nodiscard]] inline torch::Tensor layer_view(const torch::Tensor& features) {
  torch::Tensor view = features;
  while (view.dim() < 4) view = view.unsqueeze(2);
  return view;
}

/// The same, and volumes [N, C, D, H, W] as maps [N, C, D * H, W]: enough for kernels of a single place.
[[nodiscard]] inline torch::Tensor map_view(const torch::Tensor& features) {
  return features.dim() == 5 ? features.flatten(2, 3) : layer_view(features);
}

/// The way back from either view, after layers that kept the sides, to features with the sides of `shape`.
[[nodiscard]] inline torch::Tensor from_view(const torch::Tensor& result, const FeatureShape& shape) {
  if (result.dim() == static_cast<std::int64_t>(shape.rank) + 2) return result;
  FeatureShape same_sides = shape;
  same_sides.channels = result.size(1);
  return result.reshape(same_sides.sizes(result.size(0)));
}

}  // namespace afd::detail
