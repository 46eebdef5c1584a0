// SPDX-License-Identifier: MIT
#pragma once

// The shape of one sample's feature map, the batch dimension left out.

#include <cstdint>
#include <ostream>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

struct MapShape {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;

  friend bool operator==(const MapShape&, const MapShape&) = default;

  [[nodiscard]] bool same_area(const MapShape& other) const { return height == other.height && width == other.width; }

  friend std::ostream& operator<<(std::ostream& out, const MapShape& shape) {
    return out << '[' << shape.channels << ", " << shape.height << ", " << shape.width << ']';
  }
};

/// The map shape of `features` [N, C, H, W]; a vector per sample [N, C] counts as C maps of 1x1.
/// Throws ShapeError for any other rank.
[[nodiscard]] inline MapShape map_shape(const torch::Tensor& features) {
  if (features.dim() == 4) return {features.size(1), features.size(2), features.size(3)};
  if (features.dim() == 2) return {features.size(1), 1, 1};
  throw ShapeError(detail::concat("features must be [N, C, H, W] or [N, C], but have shape ", features.sizes(),
                                  "; reshape them in the network's forward"));
}

/// `features` as [N, C, H, W], without a copy.
[[nodiscard]] inline torch::Tensor as_map(const torch::Tensor& features) {
  const MapShape shape = map_shape(features);
  return features.dim() == 4 ? features : features.view({features.size(0), shape.channels, 1, 1});
}

}  // namespace afd
