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
#include <afd/optim/optimizer.hpp>
#include <afd/optim/per_network.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/plan/plan.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/plan/require_fit.hpp>
#include <afd/plan/require_plan.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/exchange.hpp>
#include <afd/step/learning_rates.hpp>
#include <afd/step/meeting.hpp>
#include <afd/step/objectives.hpp>
#include <afd/step/options.hpp>
#include <afd/step/owned_state.hpp>
#include <afd/step/pace.hpp>
#include <afd/step/report.hpp>
#include <afd/step/saved_run.hpp>
#include <afd/step/step.hpp>
#include <afd/step/trainable_flags.hpp>
#include <afd/step/unfrozen_teachers.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/strategy/weighted_edges.hpp>
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
  static constexpr bool valid = detail::require_plan<Top, Strat, Nets...>() && detail::is_distiller_options<Options> &&
                                detail::require_options_fit<detail::Plan<Top, Strat, Nets...>, Options>();

 public:
  using Plan = detail::Plan<Top, Strat, Nets...>;
  using Report = StepReport<Plan>;
  static constexpr std::size_t network_count = sizeof...(Nets);
  /// Whether several processes train it.
  static constexpr bool exchanges = detail::exchanges<decltype(Options::exchange)>;
  static constexpr bool places_networks = detail::places_networks<decltype(Options::exchange)>;

  template <class... N>
    requires(sizeof...(N) == sizeof...(Nets) && sizeof...(N) > 0)
  Distiller(Top /*topology*/, Strat strategy, Options options, N&&... networks)
      : strategy_(std::move(strategy)),
        working_(strategy_),
        options_(std::move(options)),
        networks_(network_handle(std::forward<N>(networks))...) {
    if constexpr (exchanges && !places_networks) {
      if (!options_.exchange.is_first()) options_.say = {};  // all would say the same
    }
    detail::check_non_finite(options_.non_finite);
    detail::check_precision(options_.precision, options_.non_finite);
    detail::check_updates(options_.precision, options_.updates);
    if constexpr (valid) {
      detail::for_each_index<Strat::size>(
          [&](auto t) { detail::check_edge_weights<typename Plan::template Bound<t>>(strategy_.template get<t>()); });
    }
    set_progress({});
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
      telling_others([&] {
        const auto given = as_batch(batch);
        detail::check_batch_form(given);
        Options as_first = options_;
        if constexpr (places_networks) {  // each says only what is found of its own networks, later
          if (!options_.exchange.is_first()) as_first.say = {};
        }
        cohort_.emplace(networks_, strategy(), as_first, given);
        cohort_->objectives().scale_rates(pace_.factors());
        detail::tell_unfrozen_teachers<Plan>(as_first.say);
        detail::meet<Plan>(networks_, strategy_, options_, *cohort_);
      });
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
      const auto whole_step = [&] {
        const std::int64_t samples = detail::check_batch_form(given);
        build(given);
        detail::meet<Plan>(networks_, strategy_, options_, *cohort_);
        if (!cohort_->placement().trains_the_same()) cohort_->follow(networks_, options_);
        cohort_->placement().require_unchanged();
        detail::check_inputs_are_on(cohort_->device(), given.inputs, "the networks are");
        cohort_->see(networks_, strategy(), options_, given);
        return detail::Step<Plan, Options, BatchOf<B>>(networks_, strategy(), options_, *cohort_)
            .run(given, samples, wants_to_stop_);
      };
      return telling_others([&] { return detail::named_device_errors(whole_step, "a step"); });
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
    return telling_others([&] {
      make_the_same(/*with_optimizers=*/false);
      return std::apply(
          [&](auto&... networks) {
            return detail::evaluate_members(source, score, live(), options_.exchange, networks...);
          },
          networks_);
    });
  }

  /// How often the discriminator of each edge is right about the maps of a source's images: none for a strategy without
  /// discriminators. Everything is in eval mode; modes are put back, nothing changes. Throws DataError for a source
  /// without samples, ConfigError before build().
  template <BatchSource Source>
  [[nodiscard]] std::vector<GameHealth> game_health(Source&& source) {
    return telling_others([&] {
      make_the_same(/*with_optimizers=*/false);
      return detail::game_health_of<Plan>(networks_, strategy(), cohort(), source, options_.exchange);
    });
  }

  /// Multiplies the learning rates by these, from the next step on, beside what a trainer's schedules make of them; of
  /// all networks, or of one.
  void scale_rates(const RateFactors& factors) {
    NetworkFactors<network_count> all;
    all.fill(factors);
    set_own_factors(all);
  }
  void scale_rates(std::size_t network, const RateFactors& factors) {
    NetworkFactors<network_count> all = pace_.own;
    all.at(network) = factors;
    set_own_factors(all);
  }

  /// What schedules say of the next step: a trainer calls it before each. The factors multiply those of scale_rates().
  void schedule_rates(const NetworkFactors<network_count>& factors) {
    if (factors == pace_.scheduled) return;
    pace_.scheduled = factors;
    apply_factors();
  }

  /// How far the training is, for terms in Scheduled: a trainer calls it before each step, an own loop must. Throws
  /// ConfigError for a schedule that gives what cannot be.
  void set_progress(const TrainingProgress& progress) {
    pace_.progress = progress;
    if constexpr (has_schedule) detail::advance(working_, strategy_, progress);
  }

  /// The learning rates of the next step. NaN for what a network has not, and before build().
  [[nodiscard]] LearningRates<network_count> rates() {
    LearningRates<network_count> all;
    if (cohort_) detail::read_rates(cohort_->objectives(), all);
    return all;
  }

  /// The norms of the gradients of the last step's losses, before they are clipped. Reads them: an accelerator is
  /// waited for. Throws ConfigError unless the options say measure_gradients.
  [[nodiscard]] GradientNorms<network_count> gradient_norms() {
    if (!options_.measure_gradients) {
      throw ConfigError("norms of gradients are not measured; say DistillerOptions{.measure_gradients = true}");
    }
    GradientNorms<network_count> all;
    if (cohort_) detail::read_norms(cohort_->objectives(), all);
    return all;
  }

  /// With optimizers that update every few steps (Sgd::accumulate): updates with what they have gathered since the last
  /// update, the mean over its samples. For the end of an epoch, or of a training; a Trainer calls it itself. Throws
  /// NonFiniteError, before any weight changes, for gradients whose norm is not finite.
  void finish_accumulation() {
    if (cohort_) cohort_->objectives().update_with_rest(cohort_->exchange());
  }

  /// With DeferNonFinite: reads what was seen of the losses, and throws NonFiniteError if one was not finite.
  void require_finite_losses() {
    if constexpr (defers) {
      if (cohort_) cohort_->guard().watch.require_finite();
    }
  }

  /// Of several processes: tells the others, by the next step, whether this one wants to stop, and why: 0 for no, 1 or
  /// 2. All know it after the same step.
  void want_to_stop(int why) { wants_to_stop_ = why; }
  [[nodiscard]] int agreed_stop() {
    if constexpr (exchanges) return cohort_ ? cohort_->exchange().agreed_stop() : 0;
    return wants_to_stop_;
  }
  /// With other processes.
  [[nodiscard]] const auto& exchange() const { return options_.exchange; }

  /// The generators of LibTorch that a step draws from: the CPU's, and those of the networks' devices.
  [[nodiscard]] detail::RandomNumbers random_numbers() const { return detail::random_numbers_of<Plan>(networks_); }

  /// How many steps SkipNonFinite has skipped, or a float16 whose scale was too large.
  [[nodiscard]] std::int64_t skipped_steps() { return cohort_ ? cohort_->guard().skipped.total : 0; }

  /// Whether the optimizers have all that state() needs; see OptimizerHasState.
  static constexpr bool can_be_saved = detail::all_optimizers<decltype(Options::logit), detail::HasState>() &&
                                       detail::all_optimizers<decltype(Options::feature), detail::HasState>() &&
                                       detail::all_optimizers<decltype(Options::discriminator), detail::HasState>();

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
    make_the_same(/*with_optimizers=*/true);
    return saved_run().save();
  }

  /// Throws ConfigError for the state of another recipe, naming every difference.
  void require_same_recipe(const StateDict& state) const { detail::require_recipe(state, recipe()); }

  /// Puts back what state() gave: steps go on as if nothing had been between. Builds the distiller if that is still to
  /// be done. Throws ConfigError for the state of another recipe, naming every difference, and for one that was saved
  /// when other parameters were trained, unless `trainable` says what to do; FormatError for one whose shapes differ or
  /// that lacks something; nothing has changed then.
  void load_state(const StateDict& state, TrainableParameters trainable = TrainableParameters::must_agree) {
    saved_run().load(state, trainable);
    set_progress(pace_.progress);
  }

  /// "network 0/fc.weight was frozen when the state was saved, and is trained here", the first of them; empty if the
  /// same parameters require a gradient.
  [[nodiscard]] std::string difference_in_trainable(const StateDict& state) const {
    return detail::TrainableFlags::of<Plan>(networks_).difference(state);
  }

  /// Which rates there are for network k.
  static constexpr bool has_logit_rate(std::size_t k) {
    return detail::Objectives<Plan, Options>::has(k, Level::logit);
  }
  static constexpr bool has_feature_rate(std::size_t k) {
    return detail::Objectives<Plan, Options>::has(k, Level::feature);
  }
  static constexpr bool has_discriminator_rate(std::size_t k) { return Plan::has_discriminators_to(k); }

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
  static constexpr bool has_schedule = detail::has_schedule<Strat>;

  template <class Body>
  decltype(auto) telling_others(const Body& body) {
    return detail::telling_others(options_.exchange, body);
  }

  /// Where processes keep running statistics, or networks, of their own: for a state, of these with their optimizers.
  void make_the_same([[maybe_unused]] bool with_optimizers) {
    if constexpr (places_networks) {
      if (cohort_) detail::make_same_as_owners<Plan>(networks_, *cohort_, with_optimizers);
    } else if constexpr (exchanges) {
      if (cohort_) cohort_->exchange().make_same(cohort_->statistics());
    }
  }

  /// With the numbers of now.
  [[nodiscard]] const Strat& strategy() const {
    if constexpr (has_schedule) {
      return working_;
    } else {
      return strategy_;
    }
  }

  void set_own_factors(const NetworkFactors<network_count>& factors) {
    if (factors == pace_.own) return;
    pace_.own = factors;
    apply_factors();
  }
  void apply_factors() {
    if (cohort_) cohort_->objectives().scale_rates(pace_.factors());
  }

  /// Whether terms can work with what networks return for such batches; a compile message if not.
  template <class B>
  static consteval bool fits() {
    if constexpr (valid) {
      return detail::require_fit<Plan, BatchOf<B>>();
    } else {
      return false;
    }
  }

  [[nodiscard]] detail::SavedRun<Plan, Options> saved_run() { return {networks_, strategy_, options_, cohort_, pace_}; }

  static constexpr std::array<bool, network_count> live() {
    std::array<bool, network_count> result{};
    for (std::size_t k = 0; k < network_count; ++k) result[k] = !Plan::frozen[k];
    return result;
  }

  struct Nothing {
    explicit Nothing(const Strat& /*strategy*/) {}
  };

  Strat strategy_;  // as it was given
  [[no_unique_address]] std::conditional_t<has_schedule, Strat, Nothing> working_;
  Options options_;
  std::tuple<Nets...> networks_;
  detail::Pace<network_count> pace_;
  int wants_to_stop_ = 0;
  // Of a distiller that cannot be, only the one message is wanted, not what follows from it.
  std::optional<std::conditional_t<valid, detail::Cohort<Plan, Options>, std::monostate>> cohort_;
};

template <class Top, class Strat, class L, class F, class D, class Order, class NonFinite, class Execution,
          class Updates, class Exchange, class... N>
Distiller(Top, Strat, DistillerOptions<L, F, D, Order, NonFinite, Execution, Updates, Exchange>, N&&...)
    -> Distiller<Top, Strat, DistillerOptions<L, F, D, Order, NonFinite, Execution, Updates, Exchange>,
                 NetworkHandle<std::remove_cvref_t<N>>...>;

template <class Top, class Strat, class... N>
Distiller(Top, Strat, N&&...) -> Distiller<Top, Strat, DistillerOptions<>, NetworkHandle<std::remove_cvref_t<N>>...>;

}  // namespace afd
