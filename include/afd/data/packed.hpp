// SPDX-License-Identifier: MIT
#pragma once

// The tensors and numbers of a value, one after the other, and the value of them: so that what a network returns, a
// struct of the user's for instance, can be kept in a file.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/fields.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// In the order of members. Numbers hold whether a tensor is defined, the lengths of lists, and numbers themselves;
/// reals by their bits.
struct Packed {
  std::vector<torch::Tensor> tensors;
  std::vector<std::int64_t> numbers;
};

template <class T>
concept PackedNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;

/// A list that can be made longer, std::vector or std::string.
template <class T>
concept PackedList = TensorList<T> && requires(T& list) {
  list.resize(std::size_t{});
  { *list.begin() } -> std::same_as<typename T::value_type&>;
};

/// Whether a T can be made of its tensors and numbers.
template <class T>
consteval bool can_be_packed() {
  if constexpr (std::same_as<T, torch::Tensor> || PackedNumber<T> || std::is_empty_v<T>) {
    return true;
  } else if constexpr (std::default_initializable<T> && (is_optional<T> || PackedList<T>)) {
    return can_be_packed<typename T::value_type>();
  } else if constexpr (std::default_initializable<T> && TupleLike<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (can_be_packed<std::remove_cvref_t<std::tuple_element_t<I, T>>>() && ...);
    }(std::make_index_sequence<std::tuple_size<T>::value>{});
  } else if constexpr (std::default_initializable<T> && LooksInto<T>) {
    return apply_fields_type<T>([](auto... members) {
      return (can_be_packed<std::remove_cvref_t<typename decltype(members)::type>>() && ...);
    });
  } else {
    return false;
  }
}

template <class T>
[[nodiscard]] std::int64_t number_of(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<std::int64_t>(static_cast<double>(value));
  } else {
    return static_cast<std::int64_t>(value);
  }
}

/// Adds what is in `value`; of a class that lists its tensors, what it lists.
template <class T>
void pack_into(Packed& packed, const T& value) {
  const auto add = [&](const auto& part) { pack_into(packed, part); };
  if constexpr (std::same_as<T, torch::Tensor>) {
    packed.numbers.push_back(value.defined() ? 1 : 0);
    if (value.defined()) packed.tensors.push_back(value);
  } else if constexpr (PackedNumber<T>) {
    packed.numbers.push_back(number_of(value));
  } else if constexpr (std::is_empty_v<T>) {
  } else if constexpr (is_optional<T>) {
    packed.numbers.push_back(value.has_value() ? 1 : 0);
    if (value.has_value()) add(*value);
  } else if constexpr (ListsTensors<T>) {
    std::apply([&](auto... members) { (add(value.*members), ...); }, TensorMembers<T>::value);
  } else if constexpr (TupleLike<T>) {
    std::apply([&](const auto&... each) { (add(each), ...); }, value);
  } else if constexpr (TensorList<T>) {
    packed.numbers.push_back(static_cast<std::int64_t>(std::ranges::distance(value)));
    for (const auto& each : value) add(each);
  } else {
    constexpr bool looks = LooksInto<T>;
    static_assert(looks,
                  "afd: what is in this type cannot be found: it is neither a tensor, a number, a tuple, a range nor a "
                  "struct with up to twelve public members; see afd/data/tensors.hpp");
    if constexpr (looks) for_each_field(value, add);
  }
}

template <class T>
[[nodiscard]] Packed pack(const T& value) {
  Packed packed;
  pack_into(packed, value);
  return packed;
}

/// Gives the parts back, in their order.
class Unpacking {
 public:
  /// `packed` must outlive it.
  explicit Unpacking(const Packed& packed) : packed_(packed) {}

  /// Throws FormatError for parts of another type of value.
  template <class T>
  void fill(T& value) {
    const auto fill_part = [&](auto& part) { fill(part); };
    if constexpr (std::same_as<T, torch::Tensor>) {
      value = number() == 0 ? torch::Tensor() : tensor();
    } else if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(std::bit_cast<double>(number()));
    } else if constexpr (PackedNumber<T>) {
      value = static_cast<T>(number());
    } else if constexpr (std::is_empty_v<T>) {
    } else if constexpr (is_optional<T>) {
      value.reset();
      if (number() != 0) fill(value.emplace());
    } else if constexpr (TupleLike<T>) {
      std::apply([&](auto&... each) { (fill(each), ...); }, value);
    } else if constexpr (PackedList<T>) {
      const std::int64_t length = number();
      if (length < 0 || static_cast<std::size_t>(length) > packed_.numbers.size() - next_number_) fail();
      value.resize(static_cast<std::size_t>(length));
      for (auto& each : value) fill(each);
    } else {
      for_each_field(value, fill_part);
    }
  }

  /// Throws FormatError if something is left.
  void require_end() const {
    if (next_number_ != packed_.numbers.size() || next_tensor_ != packed_.tensors.size()) fail();
  }

 private:
  [[noreturn]] static void fail() {
    throw FormatError("its tensors and numbers are not those of what the network returns here");
  }

  [[nodiscard]] std::int64_t number() {
    if (next_number_ == packed_.numbers.size()) fail();
    return packed_.numbers[next_number_++];
  }
  [[nodiscard]] torch::Tensor tensor() {
    if (next_tensor_ == packed_.tensors.size()) fail();
    return packed_.tensors[next_tensor_++];
  }

  const Packed& packed_;
  std::size_t next_number_ = 0;
  std::size_t next_tensor_ = 0;
};

/// The value of these parts. Throws FormatError for those of another type.
template <class T>
  requires(can_be_packed<T>())
[[nodiscard]] T unpacked(const Packed& packed) {
  T value{};
  Unpacking parts(packed);
  parts.fill(value);
  parts.require_end();
  return value;
}

}  // namespace afd::detail
