// SPDX-License-Identifier: MIT
#pragma once

// A number for a network's weights: another network is not likely to have it.

#include <cstdint>
#include <span>
#include <string>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/data/content_key.hpp>
#include <afd/data/input_keys.hpp>
#include <afd/data/tensor_bytes.hpp>
#include <afd/network/named_tensors.hpp>

namespace afd::detail {

/// Of the names, dtypes, sizes and elements of all parameters and buffers, wherever they lie. Reads all of them. What a
/// network computes with them is not in it.
[[nodiscard]] inline ContentKey weights_fingerprint(const torch::nn::Module& module) {
  ContentKey key;
  for (const auto& [name, tensor] : named_tensors(module)) {
    key = content_key(std::span(reinterpret_cast<const std::uint8_t*>(name.data()), name.size()), key);
    const torch::Tensor dense = dense_on_cpu(tensor);
    key = content_key(bytes_of(dense), with_form(key, dense));
  }
  return key;
}

}  // namespace afd::detail
