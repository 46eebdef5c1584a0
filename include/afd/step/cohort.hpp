// SPDX-License-Identifier: MIT
#pragma once

// What a distillation needs beside the networks: the layers of every edge, every objective, where and how it is
// computed, and the guard of its steps.

#include <algorithm>
#include <any>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/compute/execution.hpp>
#include <afd/compute/layout.hpp>
#include <afd/compute/precision.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/say.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>
#include <afd/plan/readings.hpp>
#include <afd/step/averages.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/exchange.hpp>
#include <afd/step/guard.hpp>
#include <afd/step/objectives.hpp>
#include <afd/step/options.hpp>
#include <afd/step/placement.hpp>
#include <afd/step/rehearsal.hpp>
#include <afd/step/stray_gradients.hpp>
#include <afd/step/unreached.hpp>

namespace afd::detail {

template <class Plan, class Options>
class Cohort {
 public:
  static constexpr std::size_t network_count = Plan::network_count;
  using Networks = typename Plan::Networks;
  using Strategy = typename Plan::Strategy;
  using Guard = afd::detail::Guard<Plan, decltype(Options::non_finite)>;
  using Runner = NetworkRunner<network_count, decltype(Options::execution)>;
  using ExchangeState = ExchangeStateOf<decltype(Options::exchange)>;

  /// For batches like this one: shapes are taken from a forward of each network in eval mode, without a graph. Throws
  /// ShapeError, DataError or ConfigError that names the network or the edge; nothing is changed then.
  template <class B>
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options, const B& batch)
      : Cohort(networks, strategy, options, batch, device_for(networks, options, batch)) {}

  /// For shapes that are known, in a memory layout that is known.
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options,
         typename Edges<Plan>::Shapes shapes, bool channels_last)
      : Cohort(networks, strategy, options, device_for(networks, options), std::move(shapes),
               [&](Edges<Plan>& /*edges*/) { return channels_last; }) {}

  /// What is decided when the first batch is seen, if it is not yet.
  template <class B>
  void see(const Networks& networks, const Strategy& strategy, const Options& options, const B& batch) {
    if constexpr (places_networks<decltype(Options::exchange)>) {
      if (!std::any_cast<Readings<Plan, B>>(&views_like_)) {
        views_like_ = Rehearsal<Plan, B>(networks, strategy, options.precision, batch).teachers_alone();
      }
    }
    if (runner_) return;
    std::array<double, network_count> costs{};
    if constexpr (Runner::needs_costs) {
      costs = Rehearsal<Plan, B>::costs(networks, batch);
      for (std::size_t k = 0; k < network_count; ++k) costs[k] = is_here(k) ? costs[k] : 0;
    }
    runner_ = std::make_unique<Runner>(options.execution, costs, device_);
  }

  /// body(k), as a constant, on the networks' threads, for each that is trained in this process.
  template <class Body>
  void each_live(const Body& body) {
    runner().run([&](auto k) {
      if constexpr (!Plan::frozen[k]) {
        if (is_here(k)) body(k);
      }
    });
  }
  /// The same in this thread.
  template <class Body>
  void each_live_in_turn(const Body& body) const {
    for_each_index<network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) {
        if (is_here(k)) body(k);
      }
    });
  }

  /// Whether this process computes the network: of several, another one may.
  [[nodiscard]] bool is_here([[maybe_unused]] std::size_t network) const {
    if constexpr (places_networks<decltype(Options::exchange)>) return exchange_.is_here(network);
    return true;
  }
  /// What teachers' views of batches of type `B` look like, once see() has seen one.
  template <class B>
  [[nodiscard]] const Readings<Plan, B>& views_like() const {
    return *std::any_cast<Readings<Plan, B>>(&views_like_);
  }

  /// Goes on with networks of which other parameters are trained than before: some were frozen or unfrozen, or modules
  /// replaced. Optimizers keep what they know of those that stay. Throws ConfigError if that cannot be; nothing is
  /// changed then.
  void follow(const Networks& networks, const Options& options) {
    static_cast<void>(device_of<Plan>(networks));
    if constexpr (Objectives<Plan, Options>::can_take_over) {
      LaidOut laid_out(modules_of(networks, edges_), channels_last_);
      Objectives<Plan, Options> objectives(networks, edges_, options);
      std::vector<torch::Tensor> statistics = statistics_of(networks, edges_);
      Placement placement = placement_of<Plan>(networks, edges_);
      statistics_ = floating(statistics);
      guard_.follow(std::move(statistics));
      objectives.take_over(objectives_);
      objectives_ = std::move(objectives);
      placement_ = std::move(placement);
      stray_gradients_ = stray_gradients_of<Plan>(networks);
      steps_to_note_ = noted_steps;
      laid_out.keep();
    } else {
      throw ConfigError(
          "other parameters require a gradient than when optimizers were made, or a module was replaced, "
          "but one of the optimizers has no take_over(other); do that before the first step, or see "
          "afd/optim/optimizer.hpp");
    }
  }

  /// Other optimizers for the same networks and edges, of the parameters that require a gradient now.
  void replace(Objectives<Plan, Options> objectives, const Networks& networks) {
    objectives_ = std::move(objectives);
    placement_ = placement_of<Plan>(networks, edges_);
    stray_gradients_ = stray_gradients_of<Plan>(networks);
    steps_to_note_ = noted_steps;
  }

  /// Whether other processes are known to train the same, see meet().
  bool has_met = false;
  /// With other processes.
  [[nodiscard]] auto& exchange() { return exchange_; }
  /// What of running statistics can be exchanged.
  [[nodiscard]] const std::vector<torch::Tensor>& statistics() const { return statistics_; }

  /// What runs the networks, on the options' threads.
  [[nodiscard]] auto& runner() { return *runner_; }
  [[nodiscard]] Edges<Plan>& edges() { return edges_; }
  [[nodiscard]] Objectives<Plan, Options>& objectives() { return objectives_; }
  [[nodiscard]] Guard& guard() { return guard_; }
  /// Of all networks. Where it is an accelerator, the host must wait for whatever it looks at.
  [[nodiscard]] torch::Device device() const { return device_; }
  /// How the networks lie, which must not change, and what of them is trained.
  [[nodiscard]] const Placement& placement() const { return placement_; }
  [[nodiscard]] StrayGradients& stray_gradients() { return stray_gradients_; }

  /// Whether nothing of the networks was noted yet.
  [[nodiscard]] bool begins_to_note() const { return steps_to_note_ == noted_steps; }
  /// After each step that updated something: when there were enough of them, says once what no loss reaches.
  void note_reached(const Networks& networks, const Say& say) {
    if (steps_to_note_ == 0) return;
    --steps_to_note_;
    if (steps_to_note_ > 0) return;
    tell_unreached<Plan>(networks, objectives_, noted_steps, say, [this](std::size_t k) { return is_here(k); });
    objectives_.each([](auto& objective) { objective.stop_noting(); });
  }
  /// Whether kernels and images lie in channels_last.
  [[nodiscard]] bool channels_last() const { return channels_last_; }

  /// The layers of edge `E` of term `T`.
  template <std::size_t T, std::size_t E>
  [[nodiscard]] auto& layers() {
    return edges_.template layers<T, E>();
  }

  /// Steps that updated something. Decides which terms are computed in the next one, see Every.
  std::int64_t steps = 0;

 private:
  /// In how many steps every term has been computed, and a branch that is taken now and then most likely, too.
  static constexpr std::int64_t noted_steps = std::max(10, Plan::longest_period());

  template <class B>
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options, const B& batch,
         torch::Device device)
      : Cohort(networks, strategy, options, batch, device,
               Rehearsal<Plan, B>(networks, strategy, options.precision, batch)) {}

  template <class B>
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options, const B& batch,
         torch::Device device, const Rehearsal<Plan, B>& rehearsal)
      : Cohort(networks, strategy, options, device, rehearsal.edge_shapes(), [&](Edges<Plan>& edges) {
          rehearsal.compare(edges, Guard::looks, device);
          if constexpr (Guard::looks) rehearsal.tell(options.say);
          see(networks, strategy, options, batch);
          return layout_pays(networks, options, batch);
        }) {}

  /// The layout is chosen before optimizers are made: what they keep lies as the parameters do.
  template <class ChoosesChannelsLast>
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options, torch::Device device,
         typename Edges<Plan>::Shapes shapes, const ChoosesChannelsLast& chooses_channels_last)
      : device_(device),
        edges_(strategy, std::move(shapes)),
        exchange_(ExchangeState::make(options.exchange, network_count)),
        channels_last_(chooses_channels_last(edges_)),
        laid_out_(modules_of(networks, edges_), channels_last_),
        objectives_(networks, edges_, options),
        statistics_(floating(statistics_of(networks, edges_))),
        guard_(statistics_of(networks, edges_), options.precision),
        placement_(placement_of<Plan>(networks, edges_)),
        stray_gradients_(stray_gradients_of<Plan>(networks)) {
    require_students_train<Plan>(networks, [this](std::size_t k) { return is_here(k); });
    laid_out_.keep();
  }

  static torch::Device device_for(const Networks& networks, const Options& options) {
    const torch::Device device = device_of<Plan>(networks);
    require_precision_on(device, options.precision);
    return device;
  }
  template <class B>
  static torch::Device device_for(const Networks& networks, const Options& options, const B& batch) {
    const torch::Device device = device_for(networks, options);
    check_inputs_are_on(device, batch.inputs, "the networks are");
    return device;
  }

  template <class B>
  static bool layout_pays(const Networks& networks, const Options& options, const B& batch) {
    if (options.layout != Layout::measured) return options.layout == Layout::channels_last;
    LayoutTrial trial;
    for_each_index<network_count>([&](auto k) {
      if constexpr (Plan::is_read(k)) {
        auto& network = std::get<k>(networks);
        const auto& inputs = inputs_of<k, network_count>(batch.inputs);
        trial.add(module_of(network), inputs, [&](const auto& x) { return run_in(options.precision, network, x); });
      }
    });
    return trial.channels_last_pays();
  }

  static std::vector<torch::nn::Module*> modules_of(const Networks& networks, const Edges<Plan>& edges) {
    std::vector<torch::nn::Module*> all;
    for_each_index<network_count>([&](auto k) { all.push_back(&module_of(std::get<k>(networks))); });
    for (const auto& module : edges.modules()) all.push_back(module.get());
    return all;
  }

  /// Running statistics of all that a step trains.
  static std::vector<torch::Tensor> statistics_of(const Networks& networks, const Edges<Plan>& edges) {
    std::vector<torch::Tensor> all;
    const auto append = [&](const torch::nn::Module& module) {
      const std::vector<torch::Tensor> buffers = module.buffers();
      all.insert(all.end(), buffers.begin(), buffers.end());
    };
    for_each_index<network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) append(module_of(std::get<k>(networks)));
    });
    for (const auto& module : edges.modules()) append(*module);
    return all;
  }

  /// Counters are the same in all processes.
  static std::vector<torch::Tensor> floating(const std::vector<torch::Tensor>& all) {
    std::vector<torch::Tensor> some;
    if constexpr (exchanges<decltype(Options::exchange)>) {
      std::copy_if(all.begin(), all.end(), std::back_inserter(some),
                   [](const torch::Tensor& buffer) { return buffer.is_floating_point(); });
    }
    return some;
  }

  torch::Device device_;
  Edges<Plan> edges_;
  [[no_unique_address]] typename ExchangeState::type exchange_;
  std::any views_like_;
  std::unique_ptr<Runner> runner_;
  bool channels_last_;
  LaidOut laid_out_;
  Objectives<Plan, Options> objectives_;
  std::vector<torch::Tensor> statistics_;
  Guard guard_;
  Placement placement_;
  StrayGradients stray_gradients_;
  std::int64_t steps_to_note_ = noted_steps;
};

}  // namespace afd::detail
