// SPDX-License-Identifier: MIT
#pragma once

// The names of a struct's members. C++20 does not tell them; but compilers spell out the template argument
// &object.member, and there the name is the last word. Torch-free.

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <afd/detail/member_count.hpp>
#include <afd/detail/members.hpp>

namespace afd::detail {

/// A place for a T at which none is made: only addresses of its members are wanted.
template <class T>
union Unmade {
  constexpr Unmade() : nothing() {}
  constexpr ~Unmade() {}  // NOLINT(modernize-use-equals-default): that would be deleted for most T

  char nothing;
  T value;
};
template <class T>
inline constexpr Unmade<T> unmade{};

/// The last word of "... (& afd::detail::unmade<Inner>.value.Inner::rate)]"; empty if that is no name after a dot or a
/// colon.
[[nodiscard]] constexpr std::string_view last_name(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_of_word = [&](char c) {  // names may be in UTF-8
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c) ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  while (!text.empty() && (text.back() == ']' || text.back() == ')' || text.back() == '}')) text.remove_suffix(1);
  std::size_t begin = text.size();
  while (begin > 0 && is_of_word(text[begin - 1])) --begin;
  const bool follows = begin > 0 && (text[begin - 1] == '.' || text[begin - 1] == ':');
  if (!follows || begin == text.size() || is_digit(text[begin])) return {};
  return text.substr(begin);
}

template <auto Pointer>
constexpr auto name_behind() {  // auto: of another type g++ says at the end what it stands for
  return last_name(__PRETTY_FUNCTION__);
}

/// The address of member I of a T that is not there.
template <class T, std::size_t I>
constexpr auto member_address() {
  return apply_fields(unmade<T>.value,
                      [](auto&... members) { return std::get<I>(std::make_tuple(std::addressof(members)...)); });
}

/// Where there are members of bits there are none: what is given for them is a copy, made of what is not there.
template <class T, std::size_t I>
concept HasMemberAddress =
    requires { typename std::integral_constant<bool, (static_cast<void>(member_address<T, I>()), true)>; };

template <class T, std::size_t I>
consteval std::string_view member_name() {
  if constexpr (HasMemberAddress<T, I>) return name_behind<member_address<T, I>()>();
  return {};
}

/// The names of all members of an aggregate, in their order; empty ones where they cannot be told.
template <class T>
inline constexpr auto member_names = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{member_name<T, I>()...};
}(std::make_index_sequence<field_count<T>()>{});

}  // namespace afd::detail
