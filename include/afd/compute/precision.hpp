// SPDX-License-Identifier: MIT
#pragma once

// In which precision networks compute their forward and backward.

#include <string_view>

#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/autocast.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>

namespace afd {

enum class Precision {
  full,      ///< as the networks' parameters
  bfloat16,  ///< convolutions and products in bfloat16, by LibTorch's autocast; parameters, losses, discriminators and
             ///< updates stay as they are. Pays where the processor has bfloat16 instructions, or on an accelerator.
  float16    ///< the same in float16, on an accelerator: more digits in a smaller range, so that losses are scaled for
             ///< their gradients, see step/loss_scale.hpp. Needs ThrowNonFinite or SkipNonFinite.
};

namespace detail {

[[nodiscard]] inline std::string_view text_of(Precision precision) {
  switch (precision) {
    case Precision::bfloat16:
      return "bfloat16";
    case Precision::float16:
      return "float16";
    case Precision::full:
      break;
  }
  return "full";
}

/// Throws ConfigError for a precision that is not for `device`.
inline void require_precision_on(const torch::Device& device, Precision precision) {
  if (precision != Precision::float16 || !device.is_cpu()) return;
  throw ConfigError("Precision::float16 is for an accelerator, but the networks are on the CPU; choose bfloat16 there");
}

/// The network's outputs in that precision, given back in float where autocast made less of them. Throws ConfigError
/// for outputs whose tensors cannot be found, in other precisions than full.
template <class N, class Inputs>
[[nodiscard]] auto run_in(Precision precision, N& network, const Inputs& inputs) {
  if (precision == Precision::full) return afd::run(network, inputs);
  if constexpr (is_walkable<OutputsOf<N, Inputs>>) {
    const torch::ScalarType dtype = precision == Precision::float16 ? torch::kHalf : torch::kBFloat16;
    auto outputs = [&] {
      const Autocast autocast(first_tensor(inputs).device().type(), dtype);
      return afd::run(network, inputs);
    }();
    for_each_tensor(outputs, [&](torch::Tensor& tensor) {
      if (tensor.defined() && tensor.scalar_type() == dtype) tensor = tensor.to(torch::kFloat32);
    });
    return outputs;
  } else {
    throw ConfigError(concat("Precision::", text_of(precision),
                             " gives a network's outputs back in float, but the tensors in what this one returns ",
                             "cannot be found; list them in it, see afd/data/tensors.hpp"));
  }
}

}  // namespace detail
}  // namespace afd
