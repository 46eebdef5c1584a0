// SPDX-License-Identifier: MIT
#pragma once

// What one forward of a network gives to the losses.

#include <torch/types.h>

namespace afd {

struct Outputs {
  torch::Tensor features;  ///< [N, C, H, W] (or [N, C]): the last feature map before pooling
  torch::Tensor logits;    ///< [N, classes]
};

}  // namespace afd
