// SPDX-License-Identifier: MIT
#pragma once

// The samples in whatever inputs and targets may be: picks some of them, and checks that each tensor has all.

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Copies of the samples at `rows`, int64 [N], of tensors [all samples, ...] or of a list with a sample in each place.
template <class T>
[[nodiscard]] T samples_at(const T& value, const torch::Tensor& rows) {
  if constexpr (TensorList<T>) {
    T chosen;
    const torch::Tensor places = rows.to(torch::kCPU).contiguous();
    for (std::int64_t i = 0; i < places.numel(); ++i) {
      const auto sample = std::next(value.begin(), places.data_ptr<std::int64_t>()[i]);
      chosen.push_back(map_tensors(*sample, [](const torch::Tensor& tensor) { return tensor.clone(); }));
    }
    return chosen;
  } else {
    return map_tensors(
        value, [&](const torch::Tensor& tensor) { return tensor.index_select(0, sent(rows, tensor.device())); });
  }
}

/// Throws DataError for labels in an integer type that nothing reads.
inline void check_label_type(const torch::Tensor& targets) {
  const torch::ScalarType type = targets.scalar_type();
  if (targets.dim() != 1 || type == torch::kInt64 || !torch::isIntegralType(type, /*includeBool=*/false)) return;
  throw DataError(concat("targets must be int64 class labels [N], but are ", type, " of shape ", targets.sizes(),
                         "; convert them with .to(torch::kInt64)"));
}

/// Throws DataError unless `value`, called `name`, has `count` samples in each tensor, or in its list; on `device`.
template <class T>
void check_count(const T& value, std::string_view name, std::int64_t count, torch::Device device) {
  const auto require = [&](std::int64_t found, const std::string& of) {
    if (found == count) return;
    throw DataError(concat("a data set needs one target per input, but has ", count, " inputs and ", found, " ", of));
  };
  if constexpr (TensorList<T>) require(sample_count(value), std::string(name));
  int place = 0;
  for_each_tensor(value, [&](const torch::Tensor& tensor) {
    constexpr bool is_alone = std::is_same_v<T, torch::Tensor>;
    const std::string which = is_alone ? std::string(name) : concat("tensor ", place, " of the ", name);
    ++place;
    if constexpr (!TensorList<T>) {
      if (tensor.dim() == 0) throw DataError(concat(which, " must be [N, ...], but the shape is ", tensor.sizes()));
      require(tensor.size(0), is_alone ? which : concat("rows in ", which));
    }
    if (tensor.device() == device) return;
    throw DataError(concat("inputs are on ", device, " but ", which, " on ", tensor.device()));
  });
}

/// Throws DataError unless all tensors are there, with as many samples in each, at least one, on one device.
template <class I, class T>
void check_samples(const I& inputs, const T& targets) {
  const auto require_defined = [](const torch::Tensor& tensor) {
    if (tensor.defined()) return;
    throw DataError(
        "a data set needs inputs and targets, but one of the tensors is undefined; for a data set without targets "
        "write "
        "afd::tensor_dataset(inputs)");
  };
  for_each_tensor(inputs, require_defined);
  for_each_tensor(targets, require_defined);
  if constexpr (std::is_same_v<T, torch::Tensor>) check_label_type(targets);
  const torch::Tensor first = first_tensor(inputs);
  if (!first.defined()) throw DataError("the data set is empty: its inputs hold no tensor");
  const std::int64_t count = sample_count(inputs);
  check_count(inputs, "inputs", count, first.device());
  check_count(targets, "targets", count, first.device());
  if (count == 0 || first.numel() == 0) {
    throw DataError(concat("the data set is empty: inputs have shape ", first.sizes()));
  }
}

}  // namespace afd::detail
