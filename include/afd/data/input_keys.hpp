// SPDX-License-Identifier: MIT
#pragma once

// Keys of what a network is given: of a whole batch, and of each of its samples.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include <afd/data/content_key.hpp>
#include <afd/data/packed.hpp>
#include <afd/data/tensor_bytes.hpp>
#include <afd/data/tensors.hpp>

namespace afd::detail {

/// Extends a key by a tensor's dtype and sizes, from dimension `first` on.
[[nodiscard]] inline ContentKey with_form(ContentKey key, const torch::Tensor& tensor, std::int64_t first = 0) {
  key = extended(key, static_cast<std::uint64_t>(tensor.scalar_type()));
  for (std::int64_t d = first; d < tensor.dim(); ++d) key = extended(key, static_cast<std::uint64_t>(tensor.size(d)));
  return extended(key, static_cast<std::uint64_t>(tensor.dim()));
}

/// Of every tensor and number in `inputs`: of their values, dtypes and sizes, not of devices or strides. On an
/// accelerator the host waits for them.
template <class Inputs>
[[nodiscard]] ContentKey key_of_inputs(const Inputs& inputs) {
  const Packed parts = pack(inputs);
  ContentKey key = extended({}, parts.numbers.size());
  for (const std::int64_t number : parts.numbers) key = extended(key, static_cast<std::uint64_t>(number));
  for (const torch::Tensor& tensor : parts.tensors) {
    const torch::Tensor dense = dense_on_cpu(tensor);
    key = content_key(bytes_of(dense), with_form(key, dense));
  }
  return key;
}

/// The key of each of `samples` samples: what it has in tensors with a row for each, or in its place of a list; and all
/// else that there is.
template <class Inputs>
[[nodiscard]] std::vector<ContentKey> keys_of_samples(const Inputs& inputs, std::int64_t samples) {
  std::vector<ContentKey> keys;
  if constexpr (TensorList<Inputs>) {
    for (const auto& each : inputs) keys.push_back(key_of_inputs(each));
  } else {
    const Packed parts = pack(inputs);
    ContentKey shared = extended({}, parts.numbers.size());
    for (const std::int64_t number : parts.numbers) shared = extended(shared, static_cast<std::uint64_t>(number));
    keys.assign(static_cast<std::size_t>(samples), shared);
    for (const torch::Tensor& tensor : parts.tensors) {
      const torch::Tensor dense = dense_on_cpu(tensor);
      const bool has_rows = dense.dim() > 0 && dense.size(0) == samples;
      const std::span<const std::uint8_t> bytes = bytes_of(dense);
      const std::size_t row = has_rows ? bytes.size() / keys.size() : 0;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        keys[i] = has_rows ? content_key(bytes.subspan(i * row, row), with_form(keys[i], dense, 1))
                           : content_key(bytes, with_form(keys[i], dense));
      }
    }
  }
  return keys;
}

}  // namespace afd::detail
