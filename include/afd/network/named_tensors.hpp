// SPDX-License-Identifier: MIT
#pragma once

// What a file of a network's weights has.

#include <map>
#include <string>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace afd::detail {

/// Parameters and buffers by their names in the module; undefined buffers have none.
[[nodiscard]] inline std::map<std::string, torch::Tensor> named_tensors(const torch::nn::Module& module) {
  std::map<std::string, torch::Tensor> all;
  for (const auto& item : module.named_parameters()) all.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) {
    if (item.value().defined()) all.emplace(item.key(), item.value());
  }
  return all;
}

}  // namespace afd::detail
