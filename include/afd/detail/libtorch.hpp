// SPDX-License-Identifier: MIT
#pragma once

// What differs between versions of LibTorch, and where asking the compiler would not tell.

#include <vector>

#include <torch/types.h>
#include <torch/version.h>

namespace afd::detail {

/// A copy of a tensor of the host in memory that `device` can read by itself.
[[nodiscard]] inline torch::Tensor pinned(const torch::Tensor& tensor, [[maybe_unused]] torch::Device device) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 6)
  return tensor.pin_memory();  // there is one kind of accelerator in a process
#else
  return tensor.pin_memory(device);
#endif
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

}  // namespace afd::detail
