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

#include <torch/types.h>

#include <afd/compute/random_numbers.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/observe/game_health.hpp>
#include <afd/observe/game_scores.hpp>
#include <afd/plan/plan.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/options.hpp>
#include <afd/step/report.hpp>
#include <afd/step/run_state.hpp>
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
    requires(sizeof...(N) == sizeof...(Nets))
  Distiller(Top /*topology*/, Strat strategy, Options options, N&&... networks)
      : strategy_(std::move(strategy)),
        options_(std::move(options)),
        networks_(network_handle(std::forward<N>(networks))...) {
    detail::check_non_finite(options_.non_finite);
  }

  template <class... N>
    requires(sizeof...(N) == sizeof...(Nets)) && std::is_same_v<Options, DistillerOptions<>>
  Distiller(Top topology, Strat strategy, N&&... networks)
      : Distiller(topology, std::move(strategy), Options{}, std::forward<N>(networks)...) {}

  /// Makes transfer layers, discriminators and optimizers for inputs of this shape, [N, ...], unless they are made
  /// already. The first step does it too. Throws ShapeError or ConfigError, naming network or edge, if something does
  /// not fit together; nothing is changed then.
  void build(const torch::Tensor& inputs) {
    if (cohort_) return;
    cohort_.emplace(networks_, strategy_, options_, inputs);
    cohort_->scale_rates(factors_);
    sample_ = torch::empty({0}, inputs.options().device(torch::kCPU));
    sample_sizes_ = inputs.sizes().vec();
    sample_sizes_.front() = 1;
  }
  [[nodiscard]] bool is_built() const { return cohort_.has_value(); }

  /// One forward of each network, every gradient, then every update. Puts live networks into train mode. Throws before
  /// any weight changes: DataError for a batch that cannot be trained on, ShapeError for outputs that do not fit,
  /// NonFiniteError for a loss that is not finite (see options.hpp).
  Report step(const Batch& batch) {
    detail::check_batch_form(batch);
    build(batch.inputs);
    return detail::Step<Plan, Options>(networks_, strategy_, options_, *cohort_).run(batch);
  }

  /// The same for anything that as_batch understands.
  template <BatchLike B>
  Report step(const B& batch) {
    return step(as_batch(batch));
  }

  /// Scores of every network on a source of batches, and of the ensemble of those that are trained. Modes are put back
  /// afterwards, and no weight and no statistic changes. Throws DataError for a source without samples.
  template <BatchSource Source>
  [[nodiscard]] CohortScores<network_count> evaluate(Source&& source) {
    return std::apply([&](auto&... networks) { return detail::evaluate_members(source, live(), networks...); },
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
    if (cohort_) cohort_->scale_rates(factors);
  }

  /// With DeferNonFinite: reads what was seen of the losses, and throws NonFiniteError if one was not finite.
  void require_finite_losses() {
    if constexpr (defers) {
      if (cohort_) cohort_->loss_watch.require_finite();
    }
  }

  /// The generators of LibTorch that a step draws from: the CPU's, and those of the networks' CUDA devices.
  [[nodiscard]] detail::RandomNumbers random_numbers() {
    std::vector<torch::Device> devices;
    for (const torch::Tensor& parameter : parameters()) devices.push_back(parameter.device());
    return detail::RandomNumbers(devices);
  }

  /// How many steps SkipNonFinite has skipped.
  [[nodiscard]] std::int64_t skipped_steps() const { return cohort_ ? cohort_->skipped.total : 0; }

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
    if (cohort().is_torn) {
      throw ConfigError("a step has failed when some of its changes were made; load a state from before it");
    }
    StateDict state;
    SaveState save(state);
    detail::visit_run<Plan>(networks_, cohort(), save);
    visit_factors(save, factors_);
    for (const auto& [key, value] : recipe()) state.set("recipe/" + key, value);
    state.set("channels last", std::int64_t{cohort().channels_last() ? 1 : 0});
    state.set("sample", sample_);
    state.set("sample sizes", torch::tensor(sample_sizes_, torch::kInt64));
    random_numbers().save(state);
    if constexpr (defers) require_finite_weights(state);
    return state;
  }

  /// Throws ConfigError for the state of another recipe, naming every difference.
  void require_same_recipe(const StateDict& state) const {
    const std::string lines = differences(detail::saved_recipe(state), recipe());
    if (!lines.empty()) throw ConfigError("the state is that of another recipe:" + lines);
  }

  /// Puts back what state() gave: steps go on as if nothing had been between. Builds the distiller if that is still to
  /// be done. Throws ConfigError for the state of another recipe, naming every difference, FormatError for one whose
  /// shapes differ or that lacks something; nothing has changed then.
  void load_state(const StateDict& state) {
    require_same_recipe(state);
    const bool channels_last = state.get<std::int64_t>("channels last") != 0;
    const bool was_built = is_built();
    if (was_built && cohort().channels_last() != channels_last) {
      throw ConfigError("the state has another memory layout than this distiller has found; load it before a step");
    }
    {
      const detail::RandomNumbersGuard until_everything_fits(random_numbers());
      const detail::GivenMemory memory(parameters());
      try {
        if (!was_built) build_as(state, channels_last);
        CheckState check(state);
        detail::visit_run<Plan>(networks_, cohort(), check);
        visit_factors(check, factors_);
        check.require_no_more(
            {"network ", "edge ", "logit optimizer ", "feature optimizer ", "discriminator optimizer "});
        random_numbers().load(state);
      } catch (...) {
        if (!was_built) {
          cohort_.reset();
          memory.restore();
        }
        throw;
      }
    }
    cohort_->is_torn = true;
    cohort_->loss_watch = {};
    LoadState load(state);
    detail::visit_run<Plan>(networks_, cohort(), load);
    visit_factors(load, factors_);
    cohort_->scale_rates(factors_);
    random_numbers().load(state);
    cohort_->is_torn = false;
  }

  /// Network `k`, as it is held.
  template <std::size_t K>
  [[nodiscard]] auto& network() {
    return std::get<K>(networks_);
  }

  /// What the first step made: parameters, edge layers and optimizers. Throws ConfigError before build().
  [[nodiscard]] auto& cohort() {
    if (!cohort_) throw ConfigError("a distiller has no edge layers yet: call build(inputs) or step(batch) first");
    return *cohort_;
  }

 private:
  static constexpr bool defers = std::is_same_v<decltype(Options::non_finite), DeferNonFinite>;

  template <StateVisitor V>
  static void visit_factors(V& visitor, RateFactors& factors) {
    visitor.real("factor of logit rates", factors.logit);
    visitor.real("factor of feature rates", factors.feature);
    visitor.real("factor of discriminator rates", factors.discriminator);
  }

  /// Of all networks.
  [[nodiscard]] std::vector<torch::Tensor> parameters() {
    std::vector<torch::Tensor> all;
    detail::for_each_index<network_count>([&](auto k) {
      for (const torch::Tensor& parameter : module_of(std::get<k>(networks_)).parameters()) all.push_back(parameter);
    });
    return all;
  }

  /// With DeferNonFinite losses may all have been finite while a gradient was not: it is in weights, or in what an
  /// optimizer has summed.
  void require_finite_weights(const StateDict& state) {
    const auto require = [](const std::string& name, const torch::Tensor& tensor) {
      if (!tensor.is_floating_point() || tensor.isfinite().all().template item<bool>()) return;
      throw NonFiniteError(detail::concat(name,
                                          " is not finite any more, though every loss was; go on from the last "
                                          "checkpoint, with afd::SkipNonFinite"));
    };
    for (const auto& [prefix, module] : detail::modules_of_run<Plan>(networks_, cohort())) {
      for (const auto& parameter : module->named_parameters()) {
        if (parameter.value().requires_grad()) require(prefix + parameter.key(), parameter.value());
      }
    }
    for (const auto& [key, value] : state.values()) {
      const auto* tensor = std::get_if<torch::Tensor>(&value);
      if (tensor != nullptr && key.find(" optimizer ") != std::string::npos) require(key, *tensor);
    }
  }

  /// Builds for inputs like those of the state, in its layout: a trial would take time, and might find another.
  void build_as(const StateDict& state, bool channels_last) {
    const Layout wanted = options_.layout;
    if (wanted == Layout::measured) options_.layout = channels_last ? Layout::channels_last : Layout::as_given;
    const auto& sizes = state.get<torch::Tensor>("sample sizes");
    const auto* first = sizes.data_ptr<std::int64_t>();
    const auto& sample = state.get<torch::Tensor>("sample");
    const std::vector<torch::Tensor> parameters = module_of(std::get<0>(networks_)).parameters();
    const torch::Device device = parameters.empty() ? torch::Device(torch::kCPU) : parameters.front().device();
    const auto done = [&] { options_.layout = wanted; };
    try {
      build(torch::zeros(std::vector<std::int64_t>(first, first + sizes.numel()), sample.options().device(device)));
    } catch (...) {
      done();
      throw;
    }
    done();
    if (cohort().channels_last() == channels_last) return;
    throw ConfigError(detail::concat("the state has the memory layout ", channels_last ? "channels_last" : "as_given",
                                     "; set DistillerOptions::layout to it, or to Layout::measured"));
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
  torch::Tensor sample_;  // empty, of the inputs' dtype
  std::vector<std::int64_t> sample_sizes_;
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
