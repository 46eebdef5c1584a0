// SPDX-License-Identifier: MIT
#pragma once

// What differs between versions of LibTorch, and where asking the compiler would not tell.

#include <cstddef>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/types.h>
#include <torch/version.h>
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 6
#include <ATen/Context.h>
#include <ATen/Version.h>
#endif

#include <afd/detail/concat.hpp>

namespace afd::detail {

/// A copy of a tensor of the host in memory that `device` can read by itself.
[[nodiscard]] inline torch::Tensor pinned(const torch::Tensor& tensor, [[maybe_unused]] torch::Device device) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 6)
  return tensor.pin_memory();  // there is one kind of accelerator in a process
#else
  return tensor.pin_memory(device);
#endif
}

/// What to do about gradients of finite losses that are not finite, where the LibTorch here may be why; else empty.
[[nodiscard]] inline std::string way_out_of_unset_memory() {
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 6
  if (at::hasMKLDNN() && at::get_cpu_capability() == "AVX512" && std::getenv("ONEDNN_MAX_CPU_ISA") == nullptr) {
    return "; on some processors this LibTorch's oneDNN computes convolutions' gradients from memory that nobody has "
           "set: if no rate is too high, try ONEDNN_MAX_CPU_ISA=SSE41 in the environment";
  }
#endif
  return {};
}

/// Every tensor of the list times `scale`, a number on their device, which is not read.
[[nodiscard]] inline std::vector<torch::Tensor> scaled_list(const std::vector<torch::Tensor>& list,
                                                            const torch::Tensor& scale) {
  if (list.empty()) return {};
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  return at::_foreach_mul(list, scale.to(list.front().scalar_type()));
#else
  std::vector<torch::Tensor> result;
  result.reserve(list.size());
  for (const torch::Tensor& each : list) result.push_back(each * scale);
  return result;
#endif
}

/// Calls the hooks that were registered on `inputs` with their gradients, which are then what the hooks return; since
/// 2.0 torch::autograd::grad does so itself.
inline void call_parameter_hooks([[maybe_unused]] const std::vector<torch::Tensor>& inputs,
                                 [[maybe_unused]] std::vector<torch::Tensor>& gradients) {
#if TORCH_VERSION_MAJOR < 2
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!gradients[i].defined()) continue;
    for (const auto& hook : torch::autograd::impl::hooks(inputs[i])) gradients[i] = (*hook)({gradients[i]}).front();
  }
#endif
}

/// Gives `to` what `from` knows of those of `parameters` that it has, e.g. their momentum; `from` has lost it then.
/// A template, so that only who uses LibTorch's optimizers includes them.
template <class Optimizer>
void move_optimizer_state(Optimizer& from, Optimizer& to, const std::vector<torch::Tensor>& parameters) {
  using Key = typename std::remove_reference_t<decltype(from.state())>::key_type;
  for (const torch::Tensor& parameter : parameters) {
    Key key;
    if constexpr (std::is_same_v<Key, std::string>) {  // before 2.1
      key = concat(static_cast<const void*>(parameter.unsafeGetTensorImpl()));
    } else {
      key = parameter.unsafeGetTensorImpl();
    }
    const auto known = from.state().find(key);
    if (known != from.state().end()) to.state()[key] = std::move(known->second);
  }
}

/// The elements of every tensor of `from` in its fellow of `to`, which is of the same sizes.
inline void copy_list(const std::vector<torch::Tensor>& to, const std::vector<torch::Tensor>& from) {
  if (to.empty()) return;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  at::_foreach_copy_(to, from);
#else
  for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i]);
#endif
}

}  // namespace afd::detail
