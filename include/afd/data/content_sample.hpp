// SPDX-License-Identifier: MIT
#pragma once

// What of the tensors of a data set is looked at to know it again: all, if they are small, else rows here and there.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include <afd/data/fingerprint.hpp>
#include <afd/data/tensor_bytes.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>

namespace afd::detail {

inline constexpr std::int64_t sampled_rows = 64;        ///< or elements of a list
inline constexpr std::int64_t sampled_bytes = 1 << 19;  ///< of all tensors that are given at once

/// The elements of a tensor, or, if they have more than `most` bytes, some of up to 64 rows.
[[nodiscard]] inline torch::Tensor sampled_elements(const torch::Tensor& tensor, std::int64_t most) {
  const std::int64_t size = tensor.element_size();
  if (tensor.dim() == 0 || tensor.numel() * size <= most) return tensor;
  const std::vector<std::int64_t> places = spread_places(tensor.size(0), sampled_rows);
  const std::int64_t of_row = std::max<std::int64_t>(1, most / size / static_cast<std::int64_t>(places.size()));
  std::vector<torch::Tensor> parts;
  for (const std::int64_t place : places) {
    const torch::Tensor row = tensor.select(0, place).reshape({-1});
    parts.push_back(row.slice(0, 0, row.numel(), (row.numel() + of_row - 1) / of_row));
  }
  return torch::cat(parts);
}

/// Its dtype, its shape and some of its bytes, at most `most`; those of a device are copied once.
inline void add_tensor(Fingerprint& print, const torch::Tensor& tensor, std::int64_t most) {
  if (!tensor.defined()) return print.add_text("undefined");
  print.add_text(concat(tensor.scalar_type(), ' ', tensor.sizes()));
  if (!has_plain_bytes(tensor)) return;
  const torch::Tensor some = dense_on_cpu(sampled_elements(tensor.detach(), most));
  print.add_bytes(bytes_of(some));
}

/// All tensors in `value`, or in up to 64 elements of a list: half a megabyte at most is read of them.
template <class T>
void add_content(Fingerprint& print, const T& value) {
  const auto add = [&](const auto& part, std::int64_t parts) {
    std::int64_t tensors = 0;
    for_each_tensor(part, [&](const torch::Tensor&) { ++tensors; });
    for_each_tensor(part,
                    [&](const torch::Tensor& tensor) { add_tensor(print, tensor, sampled_bytes / (tensors * parts)); });
  };
  if constexpr (TensorList<T>) {
    const auto size = static_cast<std::int64_t>(std::distance(value.begin(), value.end()));
    print.add_number(size);
    const std::vector<std::int64_t> places = spread_places(size, sampled_rows);
    for (const std::int64_t place : places) {
      add(*std::next(value.begin(), place), static_cast<std::int64_t>(places.size()));
    }
  } else {
    add(value, 1);
  }
}

}  // namespace afd::detail
