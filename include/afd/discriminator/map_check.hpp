// SPDX-License-Identifier: MIT
#pragma once

// The checks every discriminator makes: on the shape it is made for, and on the maps it is then given.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/transfer/map_shape.hpp>

namespace afd::detail {

/// Throws ShapeError unless every side of `shape` is at least 1.
inline void require_map_shape(const MapShape& shape, std::string_view who) {
  if (shape.channels > 0 && shape.height > 0 && shape.width > 0) return;
  throw ShapeError(concat(who, " cannot be made for maps [C, H, W] = ", shape,
                          "; take the shape from a real map with afd::map_shape(features)"));
}

/// Throws ConfigError unless the hidden width is at least 1.
inline void require_hidden_width(std::int64_t width, std::string_view who) {
  if (width > 0) return;
  throw ConfigError(concat(who, ": width is the number of hidden channels and must be at least 1, but is ", width));
}

/// `features` as [N, C, H, W]. Throws ShapeError unless each sample has the shape the discriminator was made
/// for.
[[nodiscard]] inline torch::Tensor checked_map(const torch::Tensor& features, const MapShape& made_for,
                                               std::string_view who) {
  const MapShape given = map_shape(features);
  if (given == made_for) return as_map(features);
  throw ShapeError(concat(who, " was made for maps [C, H, W] = ", made_for, " but was given ", given,
                          "; make one discriminator per edge, for the shape that the edge's transfer layers give"));
}

}  // namespace afd::detail
