// SPDX-License-Identifier: MIT
#pragma once

// What a distillation needs beside the networks: the layers of every edge, every objective, where and how it is
// computed, and the guard of its steps.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/compute/execution.hpp>
#include <afd/compute/layout.hpp>
#include <afd/compute/precision.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/network/network.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/guard.hpp>
#include <afd/step/objectives.hpp>
#include <afd/step/options.hpp>
#include <afd/step/rehearsal.hpp>

namespace afd::detail {

template <class Plan, class Options>
class Cohort {
 public:
  static constexpr std::size_t network_count = Plan::network_count;
  using Networks = typename Plan::Networks;
  using Strategy = typename Plan::Strategy;
  using Guard = afd::detail::Guard<Plan, decltype(Options::non_finite)>;
  using Runner = NetworkRunner<network_count, decltype(Options::execution)>;

  /// For batches like this one: shapes are taken from a forward of each network in eval mode, without a graph. Throws
  /// ShapeError, DataError or ConfigError that names the network or the edge; nothing is changed then.
  template <class B>
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options, const B& batch)
      : Cohort(networks, strategy, options, batch, Rehearsal<Plan, B>(networks, strategy, options.precision, batch)) {}

  /// For shapes that are known, in a memory layout that is known.
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options,
         typename Edges<Plan>::Shapes shapes, bool channels_last)
      : edges_(strategy, std::move(shapes)),
        objectives_(networks, edges_, options),
        guard_(statistics_of(networks, edges_)) {
    if (channels_last) use_channels_last(networks);
  }

  /// What is decided when the first batch is seen, if it is not yet.
  template <class B>
  void see(const Networks& networks, const Options& options, const B& batch) {
    if (runner_) return;
    std::array<double, network_count> costs{};
    if constexpr (Runner::needs_costs) costs = Rehearsal<Plan, B>::costs(networks, batch);
    runner_ = std::make_unique<Runner>(options.execution, costs);
  }

  /// What runs the networks, on the options' threads.
  [[nodiscard]] auto& runner() { return *runner_; }
  [[nodiscard]] Edges<Plan>& edges() { return edges_; }
  [[nodiscard]] Objectives<Plan, Options>& objectives() { return objectives_; }
  [[nodiscard]] Guard& guard() { return guard_; }
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
  template <class B>
  Cohort(const Networks& networks, const Strategy& strategy, const Options& options, const B& batch,
         const Rehearsal<Plan, B>& rehearsal)
      : Cohort(networks, strategy, options, rehearsal.edge_shapes(), false) {
    rehearsal.compare(edges_, Guard::looks);
    see(networks, options, batch);
    if (layout_pays(networks, options, batch)) use_channels_last(networks);
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

  void use_channels_last(const Networks& networks) {
    channels_last_ = true;
    for_each_index<network_count>([&](auto k) { to_channels_last(module_of(std::get<k>(networks))); });
    for (const auto& module : edges_.modules()) to_channels_last(*module);
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

  Edges<Plan> edges_;
  Objectives<Plan, Options> objectives_;
  Guard guard_;
  std::unique_ptr<Runner> runner_;
  bool channels_last_ = false;
};

}  // namespace afd::detail
