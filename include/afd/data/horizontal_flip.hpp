// SPDX-License-Identifier: MIT
#pragma once

// Random mirror images.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch_transform.hpp>
#include <afd/data/order.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/error.hpp>

namespace afd {

/// Mirrors each image of [N, C, H, W] left to right with the given probability; any dtype and device.
/// Throws ConfigError for a probability outside [0, 1], DataError for another rank.
struct HorizontalFlip {
  double probability = 0.5;

  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& inputs, const CounterRng& rng) const {
    if (!(probability >= 0 && probability <= 1)) {
      throw ConfigError(detail::concat("HorizontalFlip's probability is ", probability, "; it must be in [0, 1]"));
    }
    if (inputs.dim() != 4) {
      throw DataError(detail::concat("HorizontalFlip needs images [N, C, H, W], but got shape ", inputs.sizes()));
    }
    std::vector<std::int64_t> flipped;
    for (std::int64_t image = 0; image < inputs.size(0); ++image) {
      if (rng.unit(image) < probability) flipped.push_back(image);
    }
    if (flipped.empty()) return inputs;
    const torch::Tensor rows = detail::sent(torch::tensor(flipped, torch::kInt64), inputs.device());
    return inputs.index_copy(0, rows, inputs.index_select(0, rows).flip({3}));
  }
};

static_assert(BatchTransform<HorizontalFlip>);

}  // namespace afd
