// SPDX-License-Identifier: MIT
#pragma once

// What one forward of a network gives to the losses. A network may as well return a struct of its own, a tuple, or the
// logits alone: terms say what they read, see afd/network/reader.hpp.

#include <array>
#include <cstddef>
#include <cstdint>

#include <torch/types.h>

namespace afd {

/// The common case: one map and the logits.
struct Outputs {
  torch::Tensor features;  ///< [N, C, H, W], or another of the shapes in afd/transfer/feature_shape.hpp
  torch::Tensor logits;    ///< [N, classes]
};

/// Features of several stages, in the order of the forward: terms read the last one, or another with afd::At.
template <std::size_t Taps>
struct TappedOutputs {
  std::array<torch::Tensor, Taps> taps;
  torch::Tensor logits;
};

/// Features whose channels come last, as transformers give them. They have the rank of a sequence [N, C, L], so they
/// must be told from it: return afd::Tokens{x} in place of a tensor.
struct Tokens {
  torch::Tensor values;     ///< [N, L, C]; leave class tokens out: x.slice(1, 1)
  std::int64_t height = 0;  ///< of the grid that the tokens are the places of, row by row: height * width = L
  std::int64_t width = 0;   ///< 0 and 0: there is none, or nobody needs it
};

}  // namespace afd
