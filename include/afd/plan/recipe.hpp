// SPDX-License-Identifier: MIT
#pragma once

// What a run computes, as text: two runs with the same recipe and the same state go on alike.

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <type_traits>
#include <variant>

#include <afd/compute/precision.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/type_text.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>

namespace afd {

/// Key and value of everything that shapes the computation: topology, terms and their wrappers, optimizers, policies
/// and all numbers in them. Not in it, because they may change between runs: threads, and what trainers are told.
/// Layouts are part of the state, for one of them is measured.
using Recipe = std::map<std::string, std::string>;

namespace detail {

template <class T>
void describe(Recipe& recipe, const std::string& key, const T& value) {
  recipe[key] = type_text<T>();
  add_values(value, key, [&](const std::string& place, const std::string& text) {
    recipe[place == key ? key + " value" : place] = text;
  });
}

template <class Topology>
[[nodiscard]] std::string edges_text() {
  std::string text;
  for (const Edge& edge : Topology::edges) text += concat(text.empty() ? "" : ", ", edge.teacher, " -> ", edge.student);
  return text;
}

/// Those that term T of each network is for: "0, 2".
template <class Plan, std::size_t T>
[[nodiscard]] std::string networks_text() {
  std::string text;
  for (std::size_t k = 0; k < Plan::network_count; ++k) {
    if (Plan::template is_for<T>(k)) text += concat(text.empty() ? "" : ", ", k);
  }
  return text;
}

/// The readers of a term, of each side if they differ.
template <class Bound>
[[nodiscard]] std::string readers_text() {
  const auto student = type_text<typename Bound::StudentReads>(), teacher = type_text<typename Bound::TeacherReads>();
  return student == teacher ? student : concat(teacher, " of teachers, ", student, " of students");
}

/// What a wrapper may change has a line of its own, with the wrapper or without.
template <class Plan, class Options>
[[nodiscard]] Recipe recipe_of(const typename Plan::Strategy& strategy, const Options& options) {
  Recipe recipe;
  for (std::size_t k = 0; k < Plan::network_count; ++k) {
    recipe[concat("network ", k)] = Plan::frozen[k] ? "frozen" : "trained";
  }
  for_each_index<Plan::term_count>([&](auto t) {
    using Bound = typename Plan::template Bound<t>;
    const std::string key = concat("term ", t.value);
    describe(recipe, key, Bound::get(strategy.template get<t>()));
    recipe[key + " is called"] = Plan::template name<t>;
    recipe[key + " reads"] = readers_text<Bound>();
    recipe[key + " is given"] = type_text<typename Bound::TargetReads>();
    recipe[key + " is computed"] = concat("every ", Plan::template period<t>, " step(s)");
    if constexpr (Plan::template is_edge_term<t>) {
      recipe[key + " edges"] = edges_text<typename Plan::template TermTopology<t>>();
    } else {
      recipe[key + " is for"] = networks_text<Plan, t>();
    }
  });
  describe(recipe, "logit optimizer", options.logit);
  describe(recipe, "feature optimizer", options.feature);
  describe(recipe, "discriminator optimizer", options.discriminator);
  recipe["order"] = type_text<decltype(options.order)>();
  recipe["updates"] = type_text<decltype(options.updates)>();
  recipe["precision"] = options.precision == Precision::full ? "full" : "bfloat16";
  return recipe;
}

/// The recipe that a state was saved with: all texts whose keys begin so.
[[nodiscard]] inline Recipe saved_recipe(const StateDict& state, const std::string& prefix = "recipe/") {
  Recipe recipe;
  for (const auto& [key, value] : state.values()) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && key.starts_with(prefix)) recipe[key.substr(prefix.size())] = *text;
  }
  return recipe;
}

}  // namespace detail

/// How `theirs` differs from `ours`, a line for each difference: "term 1.0: 3 in the file, 4 here". Empty if it does
/// not.
[[nodiscard]] inline std::string differences(const Recipe& theirs, const Recipe& ours) {
  std::string lines;
  const auto line = [&](const std::string& key, const std::string& there, const std::string& here) {
    lines += detail::concat("\n  ", key, ": ", there, " in the file, ", here, " here");
  };
  for (const auto& [key, value] : theirs) {
    const auto same = ours.find(key);
    if (same == ours.end()) {
      line(key, value, "nothing");
    } else if (same->second != value) {
      line(key, value, same->second);
    }
  }
  for (const auto& [key, value] : ours) {
    if (!theirs.contains(key)) line(key, "nothing", value);
  }
  return lines;
}

}  // namespace afd
