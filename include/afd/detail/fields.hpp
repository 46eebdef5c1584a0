// SPDX-License-Identifier: MIT
#pragma once

// What a value consists of, found without its help: its type's name and its numbers, so that two recipes can be
// compared, policies of users included. Torch-free.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace afd::detail {

/// "afd::MutualKL", template arguments included; compilers spell some of these differently.
template <class T>
[[nodiscard]] constexpr std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  // g++ goes on with "; std::string_view = ...", clang does not.
  return text.substr(0, std::min(text.rfind(']'), text.find("; std::string_view")));
}

/// Stands for a value of any type.
struct AnyValue {
  template <class U>
  operator U() const noexcept;  // NOLINT: implicit by purpose; never defined
};

inline constexpr std::size_t max_fields = 13;  // one more than can be looked into

template <class T, std::size_t... I>
consteval bool has_fields(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyValue{})...}; };
}

/// How many members an aggregate is made of, at most max_fields.
template <class T, std::size_t N = max_fields>
consteval std::size_t field_count() {
  if constexpr (N == 0 || has_fields<T>(std::make_index_sequence<N>{})) {
    return N;
  } else {
    return field_count<T, N - 1>();
  }
}

/// f(members...) with all members of an aggregate, const or not. Returns what f returns.
template <class T, class F>
decltype(auto) apply_fields(T& value, F&& all) {
  constexpr std::size_t count = field_count<std::remove_const_t<T>>();
  static_assert(count > 0 && count < max_fields, "afd: only aggregates of one to twelve members can be looked into");
  if constexpr (count == 1) {
    auto& [a] = value;
    return all(a);
  } else if constexpr (count == 2) {
    auto& [a, b] = value;
    return all(a, b);
  } else if constexpr (count == 3) {
    auto& [a, b, c] = value;
    return all(a, b, c);
  } else if constexpr (count == 4) {
    auto& [a, b, c, d] = value;
    return all(a, b, c, d);
  } else if constexpr (count == 5) {
    auto& [a, b, c, d, e] = value;
    return all(a, b, c, d, e);
  } else if constexpr (count == 6) {
    auto& [a, b, c, d, e, g] = value;
    return all(a, b, c, d, e, g);
  } else if constexpr (count == 7) {
    auto& [a, b, c, d, e, g, h] = value;
    return all(a, b, c, d, e, g, h);
  } else if constexpr (count == 8) {
    auto& [a, b, c, d, e, g, h, i] = value;
    return all(a, b, c, d, e, g, h, i);
  } else if constexpr (count == 9) {
    auto& [a, b, c, d, e, g, h, i, j] = value;
    return all(a, b, c, d, e, g, h, i, j);
  } else if constexpr (count == 10) {
    auto& [a, b, c, d, e, g, h, i, j, k] = value;
    return all(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (count == 11) {
    auto& [a, b, c, d, e, g, h, i, j, k, m] = value;
    return all(a, b, c, d, e, g, h, i, j, k, m);
  } else if constexpr (count == 12) {
    auto& [a, b, c, d, e, g, h, i, j, k, m, n] = value;
    return all(a, b, c, d, e, g, h, i, j, k, m, n);
  }
}

/// f(std::type_identity<Member>{}...) for the types of all members of an aggregate.
template <class T, class F>
consteval auto apply_fields_type(F f) {
  using Types = decltype(apply_fields(std::declval<T&>(), [](auto&... members) {
    return std::type_identity<std::tuple<std::remove_reference_t<decltype(members)>...>>{};
  }));
  return []<class... Members>(F function, std::type_identity<std::tuple<Members...>>) {
    return function(std::type_identity<Members>{}...);
  }(f, Types{});
}

/// f(member) for each member of an aggregate, const or not.
template <class T, class F>
void for_each_field(T& value, F&& f) {
  apply_fields(value, [&](auto&... members) { (f(members), ...); });
}

/// A number as text that gives the same number back.
template <class N>
[[nodiscard]] std::string exact_text(N number) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

/// A value that tells its numbers itself, because they cannot be found without its help: calls add(key, text) for each.
template <class T, class Add>
concept DescribesItself = requires(const T& value, const Add& add) { value.describe(add); };

/// add(key, text) for every number in `value`: of aggregates of up to twelve members, tuples, ranges, optionals,
/// variants and numbers, as deep as they go, and of what describes itself. Anything else has no numbers here.
template <class T, class Add>
void add_values(const T& value, const std::string& key, const Add& add) {
  const auto add_inside = [&](const std::string& name, const std::string& text) { add(key + '.' + name, text); };
  if constexpr (DescribesItself<T, decltype(add_inside)>) {
    value.describe(add_inside);
  } else if constexpr (std::is_same_v<T, bool>) {
    add(key, std::string(value ? "true" : "false"));
  } else if constexpr (std::is_arithmetic_v<T>) {
    add(key, exact_text(value));
  } else if constexpr (std::is_enum_v<T>) {
    add(key, exact_text(static_cast<std::underlying_type_t<T>>(value)));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    add(key, std::string(std::string_view(value)));
  } else if constexpr (std::ranges::range<const T>) {
    std::size_t place = 0;
    for (const auto& element : value) add_values(element, key + '[' + exact_text(place++) + ']', add);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    if (value.has_value()) {
      add_values(*value, key, add);
    } else {
      add(key, std::string("none"));
    }
  } else if constexpr (requires { std::variant_size<T>::value; }) {
    add(key + " alternative", exact_text(value.index()));
    std::visit([&](const auto& alternative) { add_values(alternative, key, add); }, value);
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    std::size_t place = 0;
    const auto add_member = [&](const auto& member) { add_values(member, key + '.' + exact_text(place++), add); };
    std::apply([&](const auto&... members) { (add_member(members), ...); }, value);
  } else if constexpr (std::is_aggregate_v<T> && !std::is_empty_v<T>) {
    constexpr bool looks = field_count<T>() < max_fields;
    static_assert(looks,
                  "afd: a policy of more than twelve members cannot be looked into, so it needs a function template "
                  "describe(const Add& add) const that calls add(std::string name, std::string value) for each number; "
                  "see afd/detail/fields.hpp");
    if constexpr (looks) {
      std::size_t place = 0;
      for_each_field(value, [&](const auto& member) { add_values(member, key + '.' + exact_text(place++), add); });
    }
  }
}

}  // namespace afd::detail
