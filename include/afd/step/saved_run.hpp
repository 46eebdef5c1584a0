// SPDX-License-Identifier: MIT
#pragma once

// Saves and loads all that steps read and change, whole or not at all.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/compute/layout.hpp>
#include <afd/compute/random_numbers.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/objectives.hpp>
#include <afd/step/options.hpp>
#include <afd/step/pace.hpp>
#include <afd/step/run_state.hpp>
#include <afd/step/trainable_flags.hpp>

namespace afd::detail {

/// The parameters of all networks.
template <class Plan>
[[nodiscard]] std::vector<torch::Tensor> parameters_of(const typename Plan::Networks& networks) {
  std::vector<torch::Tensor> all;
  for_each_index<Plan::network_count>([&](auto k) {
    for (const torch::Tensor& parameter : module_of(std::get<k>(networks)).parameters()) all.push_back(parameter);
  });
  return all;
}

/// The generators of LibTorch that a step draws from: the CPU's, and those of the networks' devices.
template <class Plan>
[[nodiscard]] RandomNumbers random_numbers_of(const typename Plan::Networks& networks) {
  std::vector<torch::Device> devices;
  for (const torch::Tensor& parameter : parameters_of<Plan>(networks)) devices.push_back(parameter.device());
  return RandomNumbers(devices);
}

/// Throws ConfigError for the state of another recipe, naming every difference.
inline void require_recipe(const StateDict& state, const Recipe& recipe) {
  const std::string lines = differences(saved_recipe(state), recipe);
  if (!lines.empty()) throw ConfigError("the state is that of another recipe:" + lines);
}

/// A look at the parts of a distiller, for as long as one of its functions takes.
template <class Plan, class Options>
class SavedRun {
 public:
  using Networks = typename Plan::Networks;
  using MaybeCohort = std::optional<Cohort<Plan, Options>>;

  SavedRun(const Networks& networks, const typename Plan::Strategy& strategy, const Options& options,
           MaybeCohort& cohort, Pace<Plan::network_count>& pace)
      : networks_(networks), strategy_(strategy), options_(options), cohort_(cohort), pace_(pace) {}

  /// See Distiller::state(). The cohort is there.
  [[nodiscard]] StateDict save() {
    if (cohort_->guard().is_torn) {
      throw ConfigError("a step has failed when some of its changes were made; load a state from before it");
    }
    if (!cohort_->placement().trains_the_same()) cohort_->follow(networks_, options_);
    StateDict state;
    SaveState save(state);
    visit(save);
    visit_optimizers(networks_, cohort_->edges(), cohort_->objectives(), save);
    TrainableFlags::of<Plan>(networks_).save(state);
    for (const auto& [key, value] : recipe_of<Plan>(strategy_, options_)) state.set("recipe/" + key, value);
    state.set("channels last", std::int64_t{cohort_->channels_last() ? 1 : 0});
    save_shapes(state, cohort_->edges().shapes());
    random_numbers_of<Plan>(networks_).save(state);
    if constexpr (std::is_same_v<decltype(Options::non_finite), DeferNonFinite>) {
      require_finite_weights<Plan>(networks_, cohort_->edges(), state);
    }
    return state;
  }

  /// See Distiller::load_state(). Makes the cohort if there is none.
  void load(const StateDict& state, TrainableParameters trainable) {
    require_recipe(state, recipe_of<Plan>(strategy_, options_));
    const bool channels_last = state.get<std::int64_t>("channels last") != 0;
    if (cohort_ && cohort_->channels_last() != channels_last) {
      throw ConfigError("the state has another memory layout than this distiller has found; load it before a step");
    }
    require_everything_fits(state, channels_last, trainable);
    cohort_->guard().is_torn = true;
    cohort_->guard().watch = {};
    LoadState load(state);
    visit(load);
    visit_known_optimizers(state, load, cohort_->objectives(), trainable);
    cohort_->objectives().scale_rates(pace_.factors());
    random_numbers_of<Plan>(networks_).load(state);
    cohort_->guard().is_torn = false;
  }

 private:
  template <StateVisitor V>
  void visit(V& visitor) {
    visit_run<Plan>(networks_, *cohort_, visitor);
    pace_.visit(visitor);
  }

  /// All that optimizers know; where parameters may differ, what the state has of it.
  template <StateVisitor V>
  void visit_known_optimizers(const StateDict& state, V& visitor, Objectives<Plan, Options>& objectives,
                              TrainableParameters trainable) {
    if (trainable == TrainableParameters::as_here) {
      KnownParts<V> known(state, visitor);
      visit_optimizers(networks_, cohort_->edges(), objectives, known);
    } else {
      visit_optimizers(networks_, cohort_->edges(), objectives, visitor);
    }
  }

  /// Throws what is wrong with the state; then nothing has changed, and a cohort made for it is gone. Else parameters
  /// require gradients as they shall, and optimizers are there for them.
  void require_everything_fits(const StateDict& state, bool channels_last, TrainableParameters trainable) {
    RandomNumbers numbers = random_numbers_of<Plan>(networks_);
    const RandomNumbersGuard until_everything_fits(numbers);
    const GivenMemory memory(parameters_of<Plan>(networks_));
    TrainableFlags flags = TrainableFlags::of<Plan>(networks_);
    const std::string difference = flags.difference(state);
    if (trainable == TrainableParameters::must_agree && !difference.empty()) {
      throw ConfigError(
          concat(difference, "; load the state with afd::TrainableParameters::as_saved to train what was ",
                 "trained then, or ::as_here to train what is trained here, with new optimizers for what ",
                 "the state does not know"));
    }
    const bool was_built = cohort_.has_value();
    try {
      if (trainable == TrainableParameters::as_saved) flags.set(state);
      if (!was_built) build_as(state, channels_last);
      std::optional<Objectives<Plan, Options>> others;
      const bool begins_anew = trainable == TrainableParameters::as_here && !difference.empty();
      if (was_built && (begins_anew || !cohort_->placement().trains_the_same())) {
        others.emplace(networks_, cohort_->edges(), options_);
      }
      check(state, others ? *others : cohort_->objectives(), trainable);
      numbers.load(state);
      if (others) cohort_->replace(std::move(*others), networks_);
    } catch (...) {
      flags.restore();
      if (!was_built) {
        cohort_.reset();
        memory.restore();
      }
      throw;
    }
  }

  void check(const StateDict& state, Objectives<Plan, Options>& objectives, TrainableParameters trainable) {
    CheckState check(state);
    visit(check);
    visit_known_optimizers(state, check, objectives, trainable);
    check.require_no_more({"network ", "edge "});
    if (trainable != TrainableParameters::as_here) {
      check.require_no_more({"logit optimizer ", "feature optimizer ", "discriminator optimizer "});
    }
  }

  /// Builds for edges like those of the state, in its layout: a trial would take time, and might find another.
  void build_as(const StateDict& state, bool channels_last) {
    if (options_.layout != Layout::measured && channels_last != (options_.layout == Layout::channels_last)) {
      throw ConfigError(concat("the state has the memory layout ", channels_last ? "channels_last" : "as_given",
                               "; set DistillerOptions::layout to it, or to Layout::measured"));
    }
    const std::vector<torch::Tensor> all = parameters_of<Plan>(networks_);
    const torch::Device device = all.empty() ? torch::Device(torch::kCPU) : all.front().device();
    cohort_.emplace(networks_, strategy_, options_, saved_shapes(state, Edges<Plan>::count, device), channels_last);
    cohort_->objectives().scale_rates(pace_.factors());
  }

  const Networks& networks_;
  const typename Plan::Strategy& strategy_;
  const Options& options_;
  MaybeCohort& cohort_;
  Pace<Plan::network_count>& pace_;
};

}  // namespace afd::detail
