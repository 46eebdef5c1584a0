// SPDX-License-Identifier: MIT
#pragma once

// In which precision networks compute their forward and backward.

#include <torch/types.h>

#include <afd/detail/autocast.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

enum class Precision {
  full,     ///< as the networks' parameters
  bfloat16  ///< convolutions and products in bfloat16, by LibTorch's autocast; parameters, losses, discriminators and
            ///< updates stay as they are. Pays where the processor has bfloat16 instructions, or on an accelerator.
};

namespace detail {

/// The network's outputs in that precision, given back in float where autocast made less of them.
template <class N>
[[nodiscard]] Outputs run_in(Precision precision, N& network, const torch::Tensor& inputs) {
  if (precision == Precision::full) return afd::run(network, inputs);
  Outputs outputs;
  {
    const Autocast autocast(inputs.device().type());
    outputs = afd::run(network, inputs);
  }
  for (torch::Tensor* tensor : {&outputs.features, &outputs.logits}) {
    if (tensor->defined() && tensor->scalar_type() == torch::kBFloat16) *tensor = tensor->to(torch::kFloat32);
  }
  return outputs;
}

}  // namespace detail
}  // namespace afd
