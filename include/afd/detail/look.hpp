// SPDX-License-Identifier: MIT
#pragma once

// How values of a type are looked at when they are put into a recipe: which of them have members or elements, which
// tell something themselves, and of which only the type is known. Torch-free.

#include <concepts>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <afd/detail/member_count.hpp>
#include <afd/detail/members.hpp>

namespace afd {

/// What a recipe says of a value of a class that is not yours: specialise this with
///     [[nodiscard]] static std::string of(const T& value);
/// Values that compute something else need another text. A class of your own has a function template
/// describe(const Add& add) const, which calls add(std::string name, std::string value) for each number.
template <class T>
struct RecipeText {};

namespace detail {

/// A value that tells its numbers itself, because they cannot be found without its help: calls add(key, text) for each.
template <class T, class Add>
concept DescribesItself = requires(const T& value, const Add& add) { value.describe(add); };

template <class T>
concept HasRecipeText = requires(const T& value) {
  { RecipeText<T>::of(value) } -> std::convertible_to<std::string>;
};

/// A path is a range of paths, without end.
template <class T>
concept HasElements =
    std::ranges::range<const T> && !std::same_as<std::remove_cvref_t<std::ranges::range_reference_t<const T>>, T>;

template <class T>
concept HoldsOptionally = requires(const T& value) {
  value.has_value();
  static_cast<bool>(value);
  *value;
};

/// A smart pointer to a value that is of no other type than the pointer says.
template <class T>
concept PointsAtValue = requires(const T& value) {
  static_cast<bool>(value);
  value.get();
  { *value } -> std::same_as<typename T::element_type&>;
} && std::is_object_v<typename T::element_type> && !std::is_polymorphic_v<typename T::element_type>;

/// Hears what a value tells of itself.
struct AnyListener {
  void operator()(const std::string& /*name*/, const std::string& /*text*/) const {}
};

enum class Look { itself, text, number, word, range, optional, pointer, variant, tuple, nothing, members, opaque };

template <class T>
consteval Look look_at() {
  if constexpr (DescribesItself<T, AnyListener>) {
    return Look::itself;
  } else if constexpr (HasRecipeText<T>) {
    return Look::text;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return Look::number;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view> ||
                       std::is_convertible_v<const T&, std::string>) {
    return Look::word;
  } else if constexpr (HasElements<T>) {
    return Look::range;
  } else if constexpr (HoldsOptionally<T>) {
    return Look::optional;
  } else if constexpr (PointsAtValue<T>) {
    return Look::pointer;
  } else if constexpr (requires { std::variant_size<T>::value; }) {
    return Look::variant;
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return Look::tuple;
  } else if constexpr (std::is_empty_v<T>) {
    return Look::nothing;  // the type says it all
  } else if constexpr (std::is_aggregate_v<T> && !std::is_union_v<T>) {
    if constexpr (hides_members<T>() || field_count<T>() == 0) return Look::opaque;
    return Look::members;
  } else {
    return Look::opaque;
  }
}

template <class Class, class Result, class Add>
std::type_identity<Class> described_by(Result (Class::*)(Add) const);

/// Whether T's describe(add) is that of a base class, which knows nothing of what T adds.
template <class T>
consteval bool inherits_description() {
  if constexpr (std::is_aggregate_v<T> && !std::is_union_v<T>) {
    if constexpr (requires { described_by(&T::template describe<AnyListener>); }) {
      using By = typename decltype(described_by(&T::template describe<AnyListener>))::type;
      return !std::same_as<By, T> && adds_to_base<T>;
    }
  }
  return false;
}

/// Whether a T itself, not what it holds, can be looked at.
template <class T>
consteval bool can_be_looked_at() {
  constexpr Look look = look_at<T>();
  if constexpr (look == Look::itself) return !inherits_description<T>();
  if constexpr (look == Look::members) return field_count<T>() < max_fields;
  return true;
}

/// The same; if not, fails to compile with one sentence.
template <class T>
consteval bool require_look() {
  constexpr Look look = look_at<T>();
  constexpr bool can = can_be_looked_at<T>();
  if constexpr (look == Look::itself) {
    static_assert(can,
                  "afd: a policy that inherits its describe(add) and adds members needs a describe(add) of its own: "
                  "that of its base class does not know them; see afd/detail/look.hpp");
  } else if constexpr (look == Look::members) {
    static_assert(can || inherits_members<T>,
                  "afd: a policy of more than twelve members cannot be looked into, so it needs a function template "
                  "describe(const Add& add) const that calls add(std::string name, std::string value) for each number; "
                  "see afd/detail/look.hpp");
    static_assert(can || !inherits_members<T>,
                  "afd: a policy that inherits members and adds others cannot be looked into: hold the policy that it "
                  "inherits from as a member, or give it a function template describe(const Add& add) const that calls "
                  "add(std::string name, std::string value) for each number; see afd/detail/look.hpp");
  }
  return can;
}

template <class T, bool complains>
consteval bool can_be_described();
template <class T, bool complains>
inline constexpr bool part_can_be_described = can_be_described<std::remove_cvref_t<T>, complains>();

/// Whether a T and all that it holds by value can be looked at. `complains`: fails to compile if not.
template <class T, bool complains = false>
consteval bool can_be_described() {
  constexpr Look look = look_at<T>();
  if constexpr (complains) static_cast<void>(require_look<T>());
  if constexpr (!can_be_looked_at<T>()) {
    return false;
  } else if constexpr (look == Look::members) {
    return apply_fields_type<T>(
        [](auto... members) { return (part_can_be_described<typename decltype(members)::type, complains> && ...); });
  } else if constexpr (look == Look::range) {
    return part_can_be_described<std::ranges::range_reference_t<const T>, complains>;
  } else if constexpr (look == Look::optional) {
    return part_can_be_described<decltype(*std::declval<const T&>()), complains>;
  } else if constexpr (look == Look::variant) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (part_can_be_described<std::variant_alternative_t<I, T>, complains> && ...);
    }(std::make_index_sequence<std::variant_size_v<T>>{});
  } else if constexpr (look == Look::tuple) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (part_can_be_described<std::tuple_element_t<I, T>, complains> && ...);
    }(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else {
    return true;
  }
}

/// Fails to compile with one sentence if a recipe could not tell a T.
template <class T>
consteval bool require_describable() {
  return can_be_described<T, /*complains=*/true>();
}

}  // namespace detail
}  // namespace afd
