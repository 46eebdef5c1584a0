// SPDX-License-Identifier: MIT
#pragma once

// register_module for layers of any type: LibTorch's is compiled anew for each, and so is all that it calls.

#include <string>
#include <utility>

#include <torch/nn/module.h>

namespace afd::detail {

/// The layer, a holder of LibTorch's or a std::shared_ptr, registered with `owner` as a module of no particular type.
template <class Handle>
[[nodiscard]] Handle registered(torch::nn::Module& owner, std::string name, Handle layer) {
  if constexpr (requires { layer.ptr(); }) {
    owner.register_module<torch::nn::Module>(std::move(name), layer.ptr());
  } else {
    owner.register_module<torch::nn::Module>(std::move(name), layer);
  }
  return layer;
}

}  // namespace afd::detail
