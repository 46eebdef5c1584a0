// SPDX-License-Identifier: MIT
#pragma once

// The check of what a network returned, before any loss looks at it.

#include <cstddef>
#include <cstdint>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

/// Throws ShapeError, naming the network by its index, unless both tensors are defined, features are [N, ...]
/// and logits are [N, classes], with N = batch_size.
inline void check_outputs(const Outputs& outputs, std::int64_t batch_size, std::size_t network_index) {
  const auto network = detail::concat("network ", network_index, " (counted from 0)");
  if (!outputs.features.defined() || !outputs.logits.defined()) {
    throw ShapeError(detail::concat(network, " returned an undefined tensor as its ",
                                    outputs.features.defined() ? "logits" : "features",
                                    "; its forward must set both features and logits"));
  }
  if (outputs.logits.dim() != 2 || outputs.logits.size(0) != batch_size) {
    throw ShapeError(detail::concat(network, " returned logits of shape ", outputs.logits.sizes(), " for a batch of ",
                                    batch_size, "; logits must be [", batch_size,
                                    ", classes], with features returned before logits"));
  }
  if (outputs.features.dim() < 2 || outputs.features.size(0) != batch_size) {
    throw ShapeError(detail::concat(network, " returned features of shape ", outputs.features.sizes(),
                                    " for a batch of ", batch_size, "; features must be [", batch_size,
                                    ", C, H, W] or [", batch_size, ", C]"));
  }
}

}  // namespace afd
