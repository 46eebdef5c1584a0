// SPDX-License-Identifier: MIT
#pragma once

// The members of a struct, found without its help: each of them, and their types, those of a base class included.
// Torch-free.

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <afd/detail/member_count.hpp>

namespace afd::detail {

/// f(members...) with all members of an aggregate, const or not. Returns what f returns.
template <class T, class F>
constexpr decltype(auto) apply_fields(T& value, F&& all) {
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

}  // namespace afd::detail
