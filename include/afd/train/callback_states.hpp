// SPDX-License-Identifier: MIT
#pragma once

// What callbacks remember, as a part of a training's state.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/type_text.hpp>
#include <afd/state/prefixed_visitor.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/train/events.hpp>

namespace afd::detail {

/// Those of one fit(). Each is known by its type, and by its place among those of the same type, so that others may
/// come and go between runs.
template <class... Callbacks>
class CallbackStates {
 public:
  explicit CallbackStates(Callbacks&... callbacks) : callbacks_(callbacks...) {}

  template <StateVisitor V>
  void visit(V& visitor) {
    each([&](const std::string& key, auto& callback) {
      PrefixedVisitor<V> prefixed(key, visitor);
      callback.visit_state(prefixed);
    });
  }

  /// What the state has of callbacks that are there. One that the state does not know begins anew.
  template <StateVisitor V>
  void visit_known(const StateDict& state, V& visitor) {
    each([&](const std::string& key, auto& callback) {
      if (!has_some(state, key)) return;
      PrefixedVisitor<V> prefixed(key, visitor);
      callback.visit_state(prefixed);
    });
  }

  /// Those that the state does not know, though it is of a training that has begun.
  [[nodiscard]] std::string unknown_to(const StateDict& state) {
    std::string names;
    each([&](const std::string& key, auto& /*callback*/) {
      if (!has_some(state, key)) names += (names.empty() ? "" : ", ") + key.substr(0, key.size() - 1);
    });
    return names;
  }

 private:
  template <class Body>
  void each(const Body& body) {
    std::map<std::string, int> seen;
    for_each_index<sizeof...(Callbacks)>([&](auto i) {
      using Callback = std::tuple_element_t<i, std::tuple<Callbacks...>>;
      if constexpr (CallbackHasState<Callback>) {
        const std::string type(type_text<Callback>());
        body(concat("callback ", type, ' ', seen[type]++, '/'), std::get<i>(callbacks_));
      }
    });
  }

  static bool has_some(const StateDict& state, std::string_view prefix) {
    const auto first = state.values().lower_bound(prefix);
    return first != state.values().end() && first->first.starts_with(prefix);
  }

  std::tuple<Callbacks&...> callbacks_;
};

}  // namespace afd::detail
