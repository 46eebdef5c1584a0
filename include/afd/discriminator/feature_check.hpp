// SPDX-License-Identifier: MIT
#pragma once

// The checks every discriminator makes: on the shape it is made for, and on the features it is then given.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd::detail {

/// Throws ShapeError unless there are channels and places.
inline void require_feature_shape(const FeatureShape& shape, std::string_view who) {
  if (!shape.empty()) return;
  throw ShapeError(concat(who, " cannot be made for features of shape ", shape,
                          "; take the shape from real ones with afd::feature_shape(features)"));
}

/// Throws ConfigError unless the hidden width is at least 1.
inline void require_hidden_width(std::int64_t width, std::string_view who) {
  if (width > 0) return;
  throw ConfigError(concat(who, ": width is the number of hidden channels and must be at least 1, but is ", width));
}

/// `features`, channels first. Throws ShapeError unless each sample has the shape the discriminator was made for.
[[nodiscard]] inline const torch::Tensor& checked_features(const torch::Tensor& features, const FeatureShape& made_for,
                                                           std::string_view who) {
  if (made_for.describes(features)) return features;
  throw ShapeError(concat(who, " was made for features of shape ", made_for, " but was given ", feature_shape(features),
                          ", channels first; make one discriminator per edge, for the shape that the edge's transfer "
                          "layers give"));
}

/// The mean over all places: [N, C].
[[nodiscard]] inline torch::Tensor mean_over_places(const torch::Tensor& features) {
  return features.dim() == 2 ? features : features.flatten(2).mean(2);
}

}  // namespace afd::detail
