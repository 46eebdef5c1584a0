// SPDX-License-Identifier: MIT
#pragma once

// Tensors that were made under c10::InferenceMode, as tensors that a graph may keep and that may be written to.

#include <type_traits>

#include <c10/core/InferenceMode.h>
#include <c10/core/TensorImpl.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/tensors.hpp>

namespace afd::detail {

/// The same values: a student's backward cannot keep a tensor of InferenceMode ("Inference tensors cannot be saved for
/// backward"), which a forward with a guard of its own returns. Under InferenceMode there is nothing to be done, and
/// what has tensors that cannot be found stays as it is.
template <class Out>
[[nodiscard]] Out as_normal(Out outputs) {
  if constexpr (is_walkable<Out>) {
    if (c10::InferenceMode::is_enabled()) return outputs;
    for_each_tensor(outputs, [](torch::Tensor& tensor) {
      if (tensor.defined() && tensor.is_inference()) tensor = tensor.clone();
    });
  }
  return outputs;
}

/// Gives a module's parameters and buffers that were made under InferenceMode memory of their own as ordinary tensors;
/// they stay the same objects, with their flags. As they were, no checkpoint could be loaded into them, nor statistics
/// be put back.
inline void make_normal(torch::nn::Module& module) {
  if (c10::InferenceMode::is_enabled()) return;
  const torch::NoGradGuard no_grad;
  const auto make = [](torch::Tensor tensor) {
    if (!tensor.defined() || !tensor.is_inference()) return;
    tensor.set_data(tensor.clone());
    // set_data keeps the counter of versions, and they have none.
    tensor.unsafeGetTensorImpl()->set_version_counter(c10::VariableVersion(/*version=*/0));
  };
  for (const torch::Tensor& parameter : module.parameters()) make(parameter);
  for (const torch::Tensor& buffer : module.buffers()) make(buffer);
}

}  // namespace afd::detail
