// SPDX-License-Identifier: MIT
#pragma once

// In which precision networks compute their forward and backward.

#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/autocast.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>

namespace afd {

enum class Precision {
  full,     ///< as the networks' parameters
  bfloat16  ///< convolutions and products in bfloat16, by LibTorch's autocast; parameters, losses, discriminators and
            ///< updates stay as they are. Pays where the processor has bfloat16 instructions, or on an accelerator.
};

namespace detail {

/// The network's outputs in that precision, given back in float where autocast made less of them. Throws ConfigError
/// for outputs whose tensors cannot be found, in other precisions than full.
template <class N, class Inputs>
[[nodiscard]] auto run_in(Precision precision, N& network, const Inputs& inputs) {
  if (precision == Precision::full) return afd::run(network, inputs);
  if constexpr (is_walkable<OutputsOf<N, Inputs>>) {
    auto outputs = [&] {
      const Autocast autocast(first_tensor(inputs).device().type());
      return afd::run(network, inputs);
    }();
    for_each_tensor(outputs, [](torch::Tensor& tensor) {
      if (tensor.defined() && tensor.scalar_type() == torch::kBFloat16) tensor = tensor.to(torch::kFloat32);
    });
    return outputs;
  } else {
    throw ConfigError(
        "Precision::bfloat16 gives a network's outputs back in float, but the tensors in what this one returns cannot "
        "be found; list them in it, see afd/data/tensors.hpp");
  }
}

}  // namespace detail
}  // namespace afd
