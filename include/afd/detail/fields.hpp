// SPDX-License-Identifier: MIT
#pragma once

// What a value consists of, found without its help: its members' names and numbers as text, so that two recipes can be
// compared, policies of users included. Torch-free.

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include <afd/detail/look.hpp>
#include <afd/detail/member_names.hpp>
#include <afd/detail/members.hpp>
#include <afd/detail/type_text.hpp>

namespace afd::detail {

/// A number as text that gives the same number back.
template <class N>
[[nodiscard]] std::string exact_text(N number) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

/// The end of what is said of a value of which only the type is known.
inline constexpr std::string_view cannot_be_compared = ", which cannot be compared";

template <class T>
[[nodiscard]] std::string opaque_text() {
  return "a " + type_text<T>() + std::string(cannot_be_compared);
}

/// "rate", or the number of the member where its name cannot be told.
template <class T>
[[nodiscard]] std::string member_key(std::size_t place) {
  const std::string_view name = member_names<T>[place];
  return name.empty() ? exact_text(place) : std::string(name);
}

template <class T>
[[nodiscard]] std::string number_text(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return exact_text(static_cast<std::underlying_type_t<T>>(value));
  } else {
    return exact_text(value);
  }
}

template <class T>
[[nodiscard]] std::string word_text(const T& value) {
  if constexpr (std::is_array_v<T>) {  // which may have no zero at its end
    const std::string_view all(value, std::extent_v<T>);
    return std::string(all.substr(0, all.find('\0')));
  } else if constexpr (std::is_pointer_v<T>) {
    return value == nullptr ? std::string("none") : std::string(value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string(static_cast<std::string_view>(value));
  } else {
    return static_cast<std::string>(value);
  }
}

/// Of a value of which only the type is known, and whether it is there.
template <class T>
[[nodiscard]] std::string opaque_value_text(const T& value) {
  if constexpr (requires {
                  { value == nullptr } -> std::convertible_to<bool>;
                }) {
    if (value == nullptr) return "none";
  }
  return opaque_text<T>();
}

/// Of a value that is told by one text.
template <class T>
[[nodiscard]] std::string text_of_one(const T& value) {
  constexpr Look look = look_at<T>();
  if constexpr (look == Look::text) {
    return RecipeText<T>::of(value);
  } else if constexpr (look == Look::number) {
    return number_text(value);
  } else if constexpr (look == Look::word) {
    return word_text(value);
  } else {
    return opaque_value_text(value);
  }
}

/// add(key, text) for every number in `value`: of aggregates, by the names of up to twelve members, of tuples, ranges,
/// optionals, variants, numbers, and what smart pointers point at, as deep as they go; and for what has a RecipeText or
/// describes itself. Of anything else it is said that it cannot be compared.
template <class T, class Add>
void add_values(const T& value, const std::string& key, const Add& add) {
  constexpr Look look = look_at<T>();
  if constexpr (!require_look<T>() || look == Look::nothing) {
  } else if constexpr (look == Look::itself) {
    value.describe([&](const std::string& name, const std::string& text) { add(key + '.' + name, text); });
  } else if constexpr (look == Look::range) {
    std::size_t place = 0;
    for (const auto& element : value) add_values(element, key + '[' + exact_text(place++) + ']', add);
    // The length by itself: elements that are missing would be taken for ones that are as they are by default.
    if constexpr (!std::is_array_v<T> && !requires { std::tuple_size<T>::value; }) {
      add(key, exact_text(place) + (place == 1 ? " element" : " elements"));
    }
  } else if constexpr (look == Look::optional || look == Look::pointer) {
    if (static_cast<bool>(value)) {
      add_values(*value, key, add);
    } else {
      add(key, std::string("none"));
    }
  } else if constexpr (look == Look::variant) {
    add(key + " alternative", exact_text(value.index()));
    std::visit([&](const auto& alternative) { add_values(alternative, key, add); }, value);
  } else if constexpr (look == Look::tuple) {
    std::size_t place = 0;
    const auto add_member = [&](const auto& member) { add_values(member, key + '.' + exact_text(place++), add); };
    std::apply([&](const auto&... members) { (add_member(members), ...); }, value);
  } else if constexpr (look == Look::members) {
    std::size_t place = 0;
    for_each_field(value, [&](const auto& member) { add_values(member, key + '.' + member_key<T>(place++), add); });
  } else {
    add(key, text_of_one(value));
  }
}

}  // namespace afd::detail
