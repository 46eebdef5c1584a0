// SPDX-License-Identifier: MIT
#pragma once

// Networks that train together: topology, strategy, options and the networks, and one step at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <afd/compute/random_numbers.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/observe/classification.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/observe/game_health.hpp>
#include <afd/observe/game_scores.hpp>
#include <afd/plan/plan.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/plan/require_fit.hpp>
#include <afd/plan/require_plan.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/options.hpp>
#include <afd/step/report.hpp>
#include <afd/step/saved_run.hpp>
#include <afd/step/step.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/topology.hpp>

namespace afd {

///     afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, small, large};
///     for (const auto& batch : loader) auto report = distiller.step(batch);
///
/// Networks are numbered from 0 in the order given. A holder or shared pointer is shared; a plain module is held by
/// reference and must live as long as the distiller. Transfer layers, discriminators and optimizers are made at the
/// first batch, on the networks' device; seed LibTorch before (torch::manual_seed) to get the same ones again.
/// `.grad()` of parameters is left alone (but a TorchOptimizer uses it and leaves it undefined). Not to be shared
/// between threads.
template <class Top, class Strat, class Options, class... Nets>
class Distiller {
  static constexpr bool valid = detail::require_plan<Top, Strat, Nets...>() && detail::is_distiller_options<Options>;

 public:
  using Plan = detail::Plan<Top, Strat, Nets...>;
  using Report = StepReport<Plan>;
  static constexpr std::size_t network_count = sizeof...(Nets);

  template <class... N>
    requires(sizeof...(N) == sizeof...(Nets) && sizeof...(N) > 0)
  Distiller(Top /*topology*/, Strat strategy, Options options, N&&... networks)
      : strategy_(std::move(strategy)),
        options_(std::move(options)),
        networks_(network_handle(std::forward<N>(networks))...) {
    detail::check_non_finite(options_.non_finite);
  }

  template <class... N>
    requires(sizeof...(N) == sizeof...(Nets) && sizeof...(N) > 0 && std::is_same_v<Options, DistillerOptions<>>)
  Distiller(Top topology, Strat strategy, N&&... networks)
      : Distiller(topology, std::move(strategy), Options{}, std::forward<N>(networks)...) {}

  /// Makes transfer layers, discriminators and optimizers for batches like this one, unless they are made already. The
  /// first step does it too. Throws ShapeError, DataError or ConfigError, naming network or edge, if something does not
  /// fit together; nothing is changed then.
  template <BatchLike B>
  void build(const B& batch) {
    if (cohort_) return;
    if constexpr (fits<B>()) {
      const auto given = as_batch(batch);
      detail::check_batch_form(given);
      cohort_.emplace(networks_, strategy_, options_, given);
      cohort_->objectives().scale_rates(factors_);
    }
  }
  [[nodiscard]] bool is_built() const { return cohort_.has_value(); }

  /// One forward of each network, every gradient, then every update. `batch` is anything that as_batch understands.
  /// Puts live networks into train mode. Throws before any weight changes: DataError for a batch that cannot be trained
  /// on, ShapeError for outputs that do not fit, NonFiniteError for a loss that is not finite (see options.hpp).
  template <BatchLike B>
  Report step(const B& batch) {
    if constexpr (fits<B>()) {
      const auto given = as_batch(batch);
      const std::int64_t samples = detail::check_batch_form(given);
      const auto whole_step = [&] {
        build(given);
        cohort_->placement().require_unchanged();
        detail::check_inputs_are_on(cohort_->device(), given.inputs, "the networks are");
        cohort_->see(networks_, options_, given);
        return detail::Step<Plan, Options, BatchOf<B>>(networks_, strategy_, options_, *cohort_).run(given, samples);
      };
      return detail::named_device_errors(whole_step, "a step");
    } else {
      return {};
    }
  }

  /// Of anything else there is a sentence.
  template <class B>
    requires(!BatchLike<B>)
  Report step(const B& /*batch*/) {
    static_assert(BatchLike<B>,
                  "afd: this is no batch: it needs members inputs and targets, or data and target, or to be a pair of "
                  "both; give a torch DataLoader's data set a .map(torch::data::transforms::Stack<>()), and write "
                  "step({inputs, targets}) for two tensors; see afd/data/batch.hpp");
    return {};
  }

  /// The same for inputs and targets that are no batch yet: step({inputs, labels}).
  Report step(const Batch& batch) { return step<Batch>(batch); }
  void build(const Batch& batch) { build<Batch>(batch); }

  /// Scores of every network on a source of batches, and of the ensemble of those that are trained. Modes are put back
  /// afterwards, and no weight and no statistic changes. Throws DataError for a source without samples.
  template <BatchSource Source, class S = Classification>
  [[nodiscard]] CohortScores<S, network_count> evaluate(Source&& source, const S& score = {}) {
    return std::apply([&](auto&... networks) { return detail::evaluate_members(source, score, live(), networks...); },
                      networks_);
  }

  /// How often the discriminator of each edge is right about the maps of a source's images: none for a strategy without
  /// discriminators. Everything is in eval mode; modes are put back, nothing changes. Throws DataError for a source
  /// without samples, ConfigError before build().
  template <BatchSource Source>
  [[nodiscard]] std::vector<GameHealth> game_health(Source&& source) {
    return detail::game_health_of<Plan>(networks_, strategy_, cohort(), source);
  }

  /// Sets the learning rates to these multiples of the options' rates, from the next step on.
  void scale_rates(const RateFactors& factors) {
    if (factors == factors_) return;
    factors_ = factors;
    if (cohort_) cohort_->objectives().scale_rates(factors);
  }

  /// With DeferNonFinite: reads what was seen of the losses, and throws NonFiniteError if one was not finite.
  void require_finite_losses() {
    if constexpr (defers) {
      if (cohort_) cohort_->guard().watch.require_finite();
    }
  }

  /// The generators of LibTorch that a step draws from: the CPU's, and those of the networks' devices.
  [[nodiscard]] detail::RandomNumbers random_numbers() const { return detail::random_numbers_of<Plan>(networks_); }

  /// How many steps SkipNonFinite has skipped.
  [[nodiscard]] std::int64_t skipped_steps() { return cohort_ ? cohort_->guard().skipped.total : 0; }

  /// Whether the optimizers have all that state() needs; see OptimizerHasState.
  static constexpr bool can_be_saved = OptimizerHasState<OptimizerState<decltype(Options::logit)>> &&
                                       OptimizerHasState<OptimizerState<decltype(Options::feature)>> &&
                                       OptimizerHasState<OptimizerState<decltype(Options::discriminator)>>;

  /// What is computed, as text: topology, terms, optimizers and their numbers. It is saved with a state, and must be
  /// the same where that is loaded.
  [[nodiscard]] Recipe recipe() const { return detail::recipe_of<Plan>(strategy_, options_); }

  /// All that step() reads and changes, and the recipe: networks, transfer layers, discriminators, optimizers, modes,
  /// factors of rates, LibTorch's random numbers on the CPU and on the networks' devices. Throws ConfigError before
  /// build() and after a step that failed amid its changes; with DeferNonFinite, NonFiniteError for losses or weights
  /// that are not finite. Copies.
  [[nodiscard]] StateDict state() {
    require_finite_losses();
    static_cast<void>(cohort());
    return saved_run().save();
  }

  /// Throws ConfigError for the state of another recipe, naming every difference.
  void require_same_recipe(const StateDict& state) const { detail::require_recipe(state, recipe()); }

  /// Puts back what state() gave: steps go on as if nothing had been between. Builds the distiller if that is still to
  /// be done. Throws ConfigError for the state of another recipe, naming every difference, FormatError for one whose
  /// shapes differ or that lacks something; nothing has changed then.
  void load_state(const StateDict& state) { saved_run().load(state); }

  /// Network `k`, as it is held.
  template <std::size_t K>
  [[nodiscard]] auto& network() {
    return std::get<K>(networks_);
  }

  /// What the first step made: parameters, edge layers and optimizers. Throws ConfigError before build().
  [[nodiscard]] auto& cohort() {
    if (!cohort_) throw ConfigError("a distiller has no edge layers yet: call build(batch) or step(batch) first");
    return *cohort_;
  }

 private:
  static constexpr bool defers = std::is_same_v<decltype(Options::non_finite), DeferNonFinite>;

  /// Whether terms can work with what networks return for such batches; a compile message if not.
  template <class B>
  static consteval bool fits() {
    if constexpr (valid) {
      return detail::require_fit<Plan, BatchOf<B>>();
    } else {
      return false;
    }
  }

  [[nodiscard]] detail::SavedRun<Plan, Options> saved_run() {
    return {networks_, strategy_, options_, cohort_, factors_};
  }

  static constexpr std::array<bool, network_count> live() {
    std::array<bool, network_count> result{};
    for (std::size_t k = 0; k < network_count; ++k) result[k] = !Plan::frozen[k];
    return result;
  }

  Strat strategy_;
  Options options_;
  std::tuple<Nets...> networks_;
  RateFactors factors_;
  // Of a distiller that cannot be, only the one message is wanted, not what follows from it.
  std::optional<std::conditional_t<valid, detail::Cohort<Plan, Options>, std::monostate>> cohort_;
};

template <class Top, class Strat, class L, class F, class D, class Order, class NonFinite, class Execution,
          class Updates, class... N>
Distiller(Top, Strat, DistillerOptions<L, F, D, Order, NonFinite, Execution, Updates>, N&&...)
    -> Distiller<Top, Strat, DistillerOptions<L, F, D, Order, NonFinite, Execution, Updates>,
                 NetworkHandle<std::remove_cvref_t<N>>...>;

template <class Top, class Strat, class... N>
Distiller(Top, Strat, N&&...) -> Distiller<Top, Strat, DistillerOptions<>, NetworkHandle<std::remove_cvref_t<N>>...>;

}  // namespace afd
