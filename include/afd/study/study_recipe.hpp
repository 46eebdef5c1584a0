// SPDX-License-Identifier: MIT
#pragma once

// One way to train networks, with a name: what a study compares.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/strategy/named.hpp>
#include <afd/train/trainer_options.hpp>

namespace afd {

/// Where a network's weights come from, if not from make_networks().
struct WeightsFrom {
  std::string recipe;   ///< that was trained with the same seed before
  std::size_t network;  ///< whose weights become those of the same network here
};

/// Observes nothing.
struct NoObserver {};

/// Make with recipe<"name">(...).
template <class Make, class Training, class Observe = NoObserver>
struct StudyRecipe {
  std::string name;
  Make make;          ///< make(networks...) returns the distiller
  Training training;  ///< a TrainerOptions
  std::vector<WeightsFrom> begins_with = {};
  Observe observe = {};  ///< observe(distiller) returns a callback with json()

  /// Network `network` begins with the weights that `recipe` gave it with the same seed; that one must be compared
  /// before. A teacher that was trained alone: recipe<"kd">(...).with_weights_of("alone", 1).
  [[nodiscard]] StudyRecipe with_weights_of(std::string recipe, std::size_t network) const {
    StudyRecipe copy = *this;
    copy.begins_with.push_back({std::move(recipe), network});
    return copy;
  }

  /// `function(distiller)` makes a callback of the trainer whose json(), const, an nlohmann::json, is written with the
  /// cell. What it remembers is lost when a training is stopped amid a cell, unless it has visit_state(visitor).
  template <class Function>
  [[nodiscard]] StudyRecipe<Make, Training, Function> observed_by(Function function) const {
    return {name, make, training, begins_with, std::move(function)};
  }
};

namespace detail {

/// Whether a recipe of this name can have files of its own: letters, digits, and - _ + . within.
[[nodiscard]] constexpr bool names_a_file(std::string_view name) {
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '_' && c != '+' && c != '.') return false;
  }
  return !name.empty() && name.front() != '.';
}

}  // namespace detail

///     afd::recipe<"dml">([](auto&... networks) {
///       return afd::Distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, networks...};
///     }, {.epochs = 60})
/// `make` is given the networks that Study::compare makes for a seed, as lvalues in their order, and returns the
/// Distiller that trains them; it may leave some out, or freeze them.
template <TermName Name, class S = Classification, class Make>
[[nodiscard]] auto recipe(Make make, TrainerOptions<S> training = {}) {
  static_assert(detail::names_a_file(Name.view()),
                "afd: the name of a recipe is made of letters, digits, '-', '_', '+' and '.': it names files");
  return StudyRecipe<Make, TrainerOptions<S>>{std::string(Name.view()), std::move(make), std::move(training)};
}

}  // namespace afd
