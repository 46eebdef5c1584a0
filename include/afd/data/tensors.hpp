// SPDX-License-Identifier: MIT
#pragma once

// Finds the tensors in what users pass around: a tensor, a tuple, an array, a list, a struct of their own.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/types.h>

#include <afd/detail/fields.hpp>

namespace afd {

/// The members of T that hold tensors, as a tuple of pointers to members. Structs without constructors and private
/// members need no list: they are looked into, up to twelve members. A class lists its own:
///     static constexpr auto tensors = std::tuple{&Mine::image, &Mine::mask};
/// For a class that cannot be changed, specialise this.
template <class T>
struct TensorMembers {};
template <class T>
  requires requires { std::tuple_size<std::remove_cvref_t<decltype(T::tensors)>>::value; }
struct TensorMembers<T> {
  static constexpr auto value = T::tensors;
};

namespace detail {

template <class T>
concept ListsTensors = requires { TensorMembers<T>::value; };

template <class T>
concept HasNoTensors =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_empty_v<T> || std::is_convertible_v<T, std::string_view>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; };

/// A list whose length is known at run time only.
template <class T>
concept TensorList = std::ranges::range<T> && !TupleLike<T> && !std::same_as<T, torch::Tensor>;

template <class T>
concept LooksInto = std::is_aggregate_v<T> && (field_count<T>() > 0) && (field_count<T>() < max_fields);

template <class T>
consteval bool can_be_walked() {
  return std::same_as<T, torch::Tensor> || HasNoTensors<T> || ListsTensors<T> || is_optional<T> || TupleLike<T> ||
         TensorList<T> || LooksInto<T>;
}

/// A class, so that the compiler complains once for each type, however often its tensors are asked for.
template <class T>
struct WalkCheck {
  static constexpr bool passed = can_be_walked<T>();
  static_assert(passed,
                "afd: the tensors of this type cannot be found: it is neither a tensor, a tuple, a range nor a struct "
                "with up to twelve public members; list them once in it, static constexpr auto tensors = "
                "std::tuple{&Mine::image, &Mine::mask}, or specialise afd::TensorMembers; see afd/data/tensors.hpp");
};

/// Whether every tensor in a T can be found, however deep it is.
template <class T>
consteval bool walks_all() {
  if constexpr (std::same_as<T, torch::Tensor> || HasNoTensors<T>) {
    return true;
  } else if constexpr (ListsTensors<T>) {
    return []<class... Members>(std::tuple<Members...>) {
      return (walks_all<std::remove_cvref_t<decltype(std::declval<T&>().*std::declval<Members>())>>() && ...);
    }(TensorMembers<T>::value);
  } else if constexpr (is_optional<T>) {
    return walks_all<typename T::value_type>();
  } else if constexpr (TupleLike<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (walks_all<std::remove_cvref_t<std::tuple_element_t<I, T>>>() && ...);
    }(std::make_index_sequence<std::tuple_size<T>::value>{});
  } else if constexpr (TensorList<T>) {
    return walks_all<std::ranges::range_value_t<T>>();
  } else if constexpr (LooksInto<T>) {
    return apply_fields_type<T>(
        [](auto... members) { return (walks_all<std::remove_cvref_t<typename decltype(members)::type>>() && ...); });
  } else {
    return false;
  }
}

template <class T>
inline constexpr bool is_walkable = walks_all<T>();

}  // namespace detail

/// f(tensor) for every tensor in `value`, in the order of its members; as deep as tuples, arrays, vectors, optionals
/// and structs go. Numbers and texts are passed over. `f` may assign to the tensors of a value that is not const.
template <class T, class F>
void for_each_tensor(T& value, F&& f) {
  using Value = std::remove_const_t<T>;
  constexpr bool walks = detail::can_be_walked<Value>();  // not the check's: clang takes what failed for true
  static_cast<void>(detail::WalkCheck<Value>::passed);
  if constexpr (std::same_as<Value, torch::Tensor>) {
    f(value);
  } else if constexpr (detail::HasNoTensors<Value>) {
  } else if constexpr (detail::ListsTensors<Value>) {
    std::apply([&](auto... members) { (for_each_tensor(value.*members, f), ...); }, TensorMembers<Value>::value);
  } else if constexpr (detail::is_optional<Value>) {
    if (value.has_value()) for_each_tensor(*value, f);
  } else if constexpr (detail::TupleLike<Value>) {
    std::apply([&](auto&... each) { (for_each_tensor(each, f), ...); }, value);
  } else if constexpr (detail::TensorList<Value>) {
    for (auto&& each : value) for_each_tensor(each, f);
  } else if constexpr (walks) {
    detail::for_each_field(value, [&](auto& member) { for_each_tensor(member, f); });
  }
}

/// The same value with f(tensor) in place of every tensor.
template <class T, class F>
[[nodiscard]] T map_tensors(const T& value, F&& f) {
  if constexpr (std::same_as<T, torch::Tensor>) {
    return f(value);
  } else {
    T result = value;
    for_each_tensor(result, [&](torch::Tensor& tensor) { tensor = f(tensor); });
    return result;
  }
}

/// The first tensor in `value`; an undefined one if there is none.
template <class T>
[[nodiscard]] torch::Tensor first_tensor(const T& value) {
  torch::Tensor first;
  bool found = false;
  for_each_tensor(value, [&](const torch::Tensor& tensor) {
    if (!found) first = tensor;
    found = true;
  });
  return first;
}

/// How many samples a batch with these inputs has: their own `sample_count()`; the length of a list whose length is
/// known at run time only, std::vector<torch::Tensor> with an image in each; else the first size of the first tensor. 0
/// if it has none.
template <class T>
[[nodiscard]] std::int64_t sample_count(const T& inputs) {
  if constexpr (requires {
                  { inputs.sample_count() } -> std::convertible_to<std::int64_t>;
                }) {
    return inputs.sample_count();
  } else if constexpr (detail::TensorList<T>) {
    return static_cast<std::int64_t>(std::ranges::distance(inputs));
  } else {
    const torch::Tensor first = first_tensor(inputs);
    return first.defined() && first.dim() > 0 ? first.size(0) : 0;
  }
}

}  // namespace afd
