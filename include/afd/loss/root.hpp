// SPDX-License-Identifier: MIT
#pragma once

// The square root as losses take it: of squared lengths, which may be 0.

#include <limits>

#include <torch/types.h>

namespace afd::detail {

/// The square root of each element, with slope 0 in place of infinity where it is 0. So is one so small that the slope
/// of a direction, 1 / length, would overflow on its way through the square.
[[nodiscard]] inline torch::Tensor root(const torch::Tensor& squares) {
  const bool is_double = squares.scalar_type() == torch::kDouble;
  const double least =
      1e6 * (is_double ? std::numeric_limits<double>::min() : static_cast<double>(std::numeric_limits<float>::min()));
  const torch::Tensor is_zero = squares.le(least);
  return squares.masked_fill(is_zero, 1).sqrt().masked_fill(is_zero, 0);
}

}  // namespace afd::detail
