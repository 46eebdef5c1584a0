// SPDX-License-Identifier: MIT
#pragma once

// What a run computes, as text: two runs with the same recipe and the same state go on alike.

#include <cstddef>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <afd/compute/precision.hpp>
#include <afd/data/tensor_text.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/type_text.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/strategy/bound_term.hpp>
#include <afd/strategy/weighted_edges.hpp>
#include <afd/topology/edge.hpp>

namespace afd {

/// Key and value of everything that shapes the computation: topology, terms and their wrappers, optimizers, policies
/// and all numbers in them, by their members' names. Not in it, because they may change between runs: threads, and what
/// trainers are told. Layouts are part of the state, for one of them is measured.
class Recipe {
 public:
  using Entries = std::map<std::string, std::string>;

  Recipe() = default;
  Recipe(std::initializer_list<Entries::value_type> entries) : entries_(entries) {}

  /// `is_default`: a file that does not know the key, because it is of a version without such an option, was computed
  /// as if it had this value.
  void set(const std::string& key, std::string value, bool is_default = false) {
    entries_[key] = std::move(value);
    if (is_default) defaults_.insert(key);
  }

  [[nodiscard]] std::string& operator[](const std::string& key) { return entries_[key]; }

  [[nodiscard]] bool contains(const std::string& key) const { return entries_.contains(key); }
  /// Throws std::out_of_range for a key that is not there.
  [[nodiscard]] const std::string& at(const std::string& key) const { return entries_.at(key); }
  [[nodiscard]] bool is_default(const std::string& key) const { return defaults_.contains(key); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] auto find(const std::string& key) const { return entries_.find(key); }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

  friend bool operator==(const Recipe& a, const Recipe& b) { return a.entries_ == b.entries_; }

 private:
  Entries entries_;
  std::set<std::string> defaults_;
};

namespace detail {

/// The numbers of a value, by their places under `key`.
template <class T>
[[nodiscard]] Recipe::Entries values_of(const std::string& key, const T& value) {
  Recipe::Entries values;
  add_values(value, key, [&](const std::string& place, const std::string& text) {
    values[place == key ? key + " value" : place] = text;
  });
  return values;
}

/// Type and numbers of a policy. Numbers are defaults if they are those of a policy of which nothing was said.
template <class T>
void describe(Recipe& recipe, const std::string& key, const T& value) {
  Recipe::Entries defaults;
  if constexpr (std::is_default_constructible_v<T>) defaults = values_of(key, T());
  recipe.set(key, type_text<T>());
  for (auto& [place, text] : values_of(key, value)) {
    const auto usual = defaults.find(place);
    recipe.set(place, text, usual != defaults.end() && usual->second == text);
  }
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

/// Of a term, by its name. What a wrapper may change has a line of its own, with the wrapper or without.
template <class Plan, std::size_t T>
void describe_term(Recipe& recipe, const typename Plan::Strategy& strategy) {
  using Bound = typename Plan::template Bound<T>;
  using TargetReads = typename Bound::TargetReads;
  constexpr int period = Plan::template period<T>;
  const auto& member = strategy.template get<T>();
  const std::string key = concat("term ", Plan::template name<T>);
  describe(recipe, key, Bound::get(member));
  Bound::describe_schedules(member, [&](const std::string& place, const std::string& factor) {
    recipe.set(concat(key, ", ", place), factor);
  });
  recipe.set(key + " reads", readers_text<Bound>());
  recipe.set(key + " is given", type_text<TargetReads>(), std::is_same_v<TargetReads, WholeTargets>);
  recipe.set(key + " is computed", concat("every ", period, " step(s)"), period == 1);
  if constexpr (Plan::template is_edge_term<T>) {
    recipe.set(key + " edges", edges_text<typename Plan::template TermTopology<T>>());
    const std::string weights = edge_weights_text(member);
    recipe.set(key + " edges have the weights", weights.empty() ? "1 each" : weights, weights.empty());
  } else {
    recipe.set(key + " is for", networks_text<Plan, T>());
  }
}

template <class Plan, class Options>
[[nodiscard]] Recipe recipe_of(const typename Plan::Strategy& strategy, const Options& options) {
  Recipe recipe;
  for (std::size_t k = 0; k < Plan::network_count; ++k) {
    recipe.set(concat("network ", k), Plan::frozen[k] ? "frozen" : "trained");
  }
  std::string terms;  // their order is that in which losses are summed
  for_each_index<Plan::term_count>([&](auto t) {
    terms += concat(terms.empty() ? "" : ", ", Plan::template name<t>);
    describe_term<Plan, t>(recipe, strategy);
  });
  recipe.set("terms", terms);
  describe(recipe, "logit optimizer", options.logit);
  if constexpr (std::remove_cvref_t<decltype(options.updates)>::uses_feature_optimizer) {
    describe(recipe, "feature optimizer", options.feature);
  }
  describe(recipe, "discriminator optimizer", options.discriminator);
  recipe.set("order", type_text<decltype(options.order)>());
  recipe.set("updates", type_text<decltype(options.updates)>());
  recipe.set("precision", std::string(text_of(options.precision)));
  return recipe;
}

/// The recipe that a state was saved with: all texts whose keys begin so.
[[nodiscard]] inline Recipe saved_recipe(const StateDict& state, const std::string& prefix = "recipe/") {
  Recipe recipe;
  for (const auto& [key, value] : state.values()) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && key.starts_with(prefix)) recipe.set(key.substr(prefix.size()), *text);
  }
  return recipe;
}

}  // namespace detail

/// How `theirs` differs from `ours`, a line for each difference: "term mutual_kl.temperature: 3 in the file, 4 here".
/// Empty if it does not. What only ours has is no difference where it is as it is by default; what only theirs has is
/// one, for nobody here would compute with it.
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
    if (!theirs.contains(key) && !ours.is_default(key)) line(key, "nothing", value);
  }
  return lines;
}

/// A sentence for each value of which a recipe knows the type only, so that a run goes on with another one unnoticed:
/// "term hint.weighting is a std::function<double(int)>, which cannot be compared when a training goes on: ...".
[[nodiscard]] inline std::vector<std::string> not_compared(const Recipe& recipe) {
  std::vector<std::string> sentences;
  for (const auto& [key, value] : recipe) {
    if (!value.ends_with(detail::cannot_be_compared)) continue;
    sentences.push_back(detail::concat(key, " is ", value, " when a training goes on: give the policy that has it a ",
                                       "function template describe(const Add& add) const, or specialise ",
                                       "afd::RecipeText for its type"));
  }
  return sentences;
}

}  // namespace afd
