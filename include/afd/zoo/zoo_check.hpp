// SPDX-License-Identifier: MIT
#pragma once

// The checks that the networks of the zoo make on their options and inputs.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws ConfigError unless `value` is at least 1.
inline void require_positive(std::int64_t value, std::string_view option) {
  if (value > 0) return;
  throw ConfigError(concat(option, " must be at least 1, but is ", value));
}

/// Throws ConfigError unless depth = 6n + `extra` for some n >= 1.
inline void require_depth(std::int64_t depth, std::int64_t extra, std::string_view option, std::string_view examples) {
  if (depth >= 6 + extra && (depth - extra) % 6 == 0) return;
  throw ConfigError(concat(option, " must be 6n + ", extra, ", e.g. ", examples, ", but is ", depth));
}

/// Throws ShapeError unless `inputs` are [N, channels, H, W], DataError unless they are floating point.
inline void require_images(const torch::Tensor& inputs, std::int64_t channels, std::string_view who) {
  if (inputs.dim() != 4 || inputs.size(1) != channels) {
    throw ShapeError(concat(who, " takes images [N, ", channels, ", H, W], but was given ", inputs.sizes(),
                            "; set .in_channels to the images' channels"));
  }
  if (!inputs.is_floating_point()) {
    throw DataError(concat(who, " takes floating-point images, but was given ", inputs.dtype().name(),
                           "; convert and scale them first"));
  }
}

}  // namespace afd::detail
