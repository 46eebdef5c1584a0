// SPDX-License-Identifier: MIT
#pragma once

// What a transform of the user's or of ours is, as text: its type, and the numbers and tensors that can be found in it.

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include <afd/data/fingerprint.hpp>
#include <afd/data/tensor_text.hpp>
#include <afd/detail/fields.hpp>
#include <afd/detail/look.hpp>
#include <afd/detail/members.hpp>
#include <afd/detail/type_text.hpp>

namespace afd::detail {

/// The type's name up to the first lambda in it: compilers have other names for those, some with the line they are on.
template <class T>
[[nodiscard]] std::string named_part() {
  std::string text = type_text<T>();
  const std::size_t lambda = text.find("lambda");
  if (lambda == std::string::npos) return text;
  text.erase(lambda);
  while (!text.empty() && !is_of_name(text.back())) text.pop_back();
  return text + " with a lambda";
}

/// add(key, text) for every number and tensor that can be found in `value`. Unlike add_values(), which a plan's
/// policies must let look into them, it passes over what cannot be looked into: whoever tunes a transform need not
/// change it.
template <class T, class Add>
void add_known_values(const T& value, const std::string& key, const Add& add) {
  const auto go_on = [&](const auto& part, const std::string& place) { add_known_values(part, key + place, add); };
  constexpr Look look = look_at<T>();
  if constexpr (!can_be_looked_at<T>()) {
  } else if constexpr (look == Look::members) {
    std::size_t place = 0;
    for_each_field(value, [&](const auto& member) { go_on(member, '.' + member_key<T>(place++)); });
  } else if constexpr (look == Look::range) {
    std::size_t place = 0;
    for (const auto& element : value) go_on(element, '[' + exact_text(place++) + ']');
    add(key + " length", exact_text(place));
  } else if constexpr (look == Look::tuple) {
    std::size_t place = 0;
    std::apply([&](const auto&... each) { (go_on(each, '.' + exact_text(place++)), ...); }, value);
  } else if constexpr (look == Look::optional || look == Look::pointer) {
    const bool is_there = static_cast<bool>(value);
    add(key + " is there", exact_text(is_there ? 1 : 0));
    if (is_there) go_on(*value, "");
  } else if constexpr (look == Look::variant) {
    add(key + " alternative", exact_text(value.index()));
    std::visit([&](const auto& alternative) { go_on(alternative, ""); }, value);
  } else if constexpr (look != Look::opaque) {
    add_values(value, key, add);
  }
}

/// add(key, text) for the type of `policy`, and for what can be found in it: not in lambdas, nor in classes with
/// private members and no describe(add).
template <class T, class Add>
void add_policy(const T& policy, const std::string& key, const Add& add) {
  add(key + " type", named_part<T>());
  add_known_values(policy, key, add);
}

/// The same for each of a tuple's.
template <class... Each, class Add>
void add_policies(const std::tuple<Each...>& policies, const Add& add) {
  [[maybe_unused]] std::size_t place = 0;
  std::apply([&](const auto&... each) { (add_policy(each, exact_text(place++), add), ...); }, policies);
}

/// As a part of a fingerprint.
template <class T>
void add_policy(Fingerprint& print, const T& policy) {
  add_policy(policy, "", [&](const std::string& key, const std::string& text) {
    print.add_text(key);
    print.add_text(text);
  });
}

}  // namespace afd::detail
