// SPDX-License-Identifier: MIT
#pragma once

// Named numbers, texts and tensors in memory, and the way to bytes and back.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <torch/types.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/state_format.hpp>

namespace afd {

namespace detail {

struct ElementType {
  StateElement element;
  torch::ScalarType dtype;
};
inline constexpr ElementType element_types[] = {
    {StateElement::uint8, torch::kUInt8},     {StateElement::int8, torch::kInt8},
    {StateElement::int16, torch::kInt16},     {StateElement::int32, torch::kInt32},
    {StateElement::int64, torch::kInt64},     {StateElement::float16, torch::kFloat16},
    {StateElement::float32, torch::kFloat32}, {StateElement::float64, torch::kFloat64},
    {StateElement::boolean, torch::kBool},    {StateElement::bfloat16, torch::kBFloat16},
};

/// Throws DataError for a dtype that has no place in a file.
[[nodiscard]] inline StateElement element_of(const torch::Tensor& tensor, std::string_view key) {
  for (const auto& [element, dtype] : element_types)
    if (dtype == tensor.scalar_type()) return element;
  throw DataError(concat("cannot save ", key, ": tensors of ", tensor.scalar_type(), " are not supported"));
}

[[nodiscard]] inline torch::ScalarType dtype_of(StateElement wanted) {
  for (const auto& [element, dtype] : element_types)
    if (element == wanted) return dtype;
  return torch::kUInt8;  // the parser knows no other
}

}  // namespace detail

/// A state: values by key. Tensors that are set are copied to the CPU, so that training can go on while the state is
/// written; keys name their place with slashes, "network 0/stem.conv.weight".
class StateDict {
 public:
  using Value = std::variant<std::int64_t, double, std::string, torch::Tensor>;

  /// Throws ConfigError for a key that is there already.
  void set(std::string key, Value value) {
    if (auto* tensor = std::get_if<torch::Tensor>(&value)) {
      const torch::NoGradGuard no_grad;
      *tensor = tensor->detach().to(torch::kCPU, /*non_blocking=*/false, /*copy=*/true).contiguous();
    }
    const auto [place, is_new] = values_.try_emplace(std::move(key), std::move(value));
    if (is_new) return;
    throw ConfigError(detail::concat("a state has two values called ", place->first,
                                     "; what is made of several parts, ",
                                     "such as an optimizer of two others, gives each an afd::PrefixedVisitor"));
  }

  [[nodiscard]] bool contains(std::string_view key) const { return values_.find(key) != values_.end(); }

  /// The value called `key`. Throws FormatError if it is not there or of another type.
  template <class T>
  [[nodiscard]] const T& get(std::string_view key) const {
    const auto place = values_.find(key);
    if (place == values_.end()) throw FormatError(detail::concat("the state has no ", key));
    if (const T* value = std::get_if<T>(&place->second)) return *value;
    throw FormatError(detail::concat(key, " of the state is of another type"));
  }

  [[nodiscard]] const std::map<std::string, Value, std::less<>>& values() const& { return values_; }
  void values() && = delete;  // in `for (... : make().values())` the state would be gone before its values are read

  /// Throws DataError for a tensor of a dtype that cannot be saved.
  [[nodiscard]] Bytes to_bytes() const {
    StateView view;
    for (const auto& [key, value] : values_) {
      if (const auto* tensor = std::get_if<torch::Tensor>(&value)) {
        const auto* first = static_cast<const std::uint8_t*>(tensor->data_ptr());
        view.emplace(key, TensorView{detail::element_of(*tensor, key), tensor->sizes().vec(),
                                     std::span(first, tensor->nbytes())});
      } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        view.emplace(key, *integer);
      } else if (const auto* real = std::get_if<double>(&value)) {
        view.emplace(key, *real);
      } else {
        view.emplace(key, std::get<std::string>(value));
      }
    }
    return format_state(view);
  }

  /// Throws FormatError, naming the file `name`, for bytes that are no state.
  [[nodiscard]] static StateDict from_bytes(std::span<const std::uint8_t> bytes, std::string_view name) {
    StateDict state;
    for (auto& [key, value] : parse_state(bytes, name)) {
      if (const auto* tensor = std::get_if<TensorView>(&value)) {
        torch::Tensor copy = torch::empty(tensor->sizes, detail::dtype_of(tensor->element));
        std::copy(tensor->bytes.begin(), tensor->bytes.end(), static_cast<std::uint8_t*>(copy.data_ptr()));
        state.values_.emplace(key, std::move(copy));
      } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        state.values_.emplace(key, *integer);
      } else if (const auto* real = std::get_if<double>(&value)) {
        state.values_.emplace(key, *real);
      } else {
        state.values_.emplace(key, std::move(std::get<std::string>(value)));
      }
    }
    return state;
  }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace afd
