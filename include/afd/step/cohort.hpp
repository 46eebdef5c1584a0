// SPDX-License-Identifier: MIT
#pragma once

// What a distillation needs beside the networks, made once shapes are known: the layers of every edge, and every
// optimizer with the parameters it may touch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/compute/buffer_snapshot.hpp>
#include <afd/compute/execution.hpp>
#include <afd/compute/layout.hpp>
#include <afd/compute/precision.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/network/check_outputs.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/compute/multiply_adds.hpp>
#include <afd/network/network.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/step/edge_layers.hpp>
#include <afd/step/finite_check.hpp>
#include <afd/step/loss_watch.hpp>
#include <afd/step/options.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>
#include <afd/transfer/map_shape.hpp>

namespace afd::detail {

template <class Plan, class Options>
class Cohort {
 public:
  static constexpr std::size_t network_count = Plan::network_count;
  template <std::size_t T>
  using Layers = typename EdgeLayersOf<typename Plan::template Term<T>>::type;

  /// Runs every network once in eval mode on one sample, without a graph, checks that everything fits together and
  /// makes what is missing. Throws ShapeError or ConfigError that names the network or the edge; nothing is changed
  /// then.
  Cohort(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, const Options& options,
         const torch::Tensor& inputs)
      : Cohort(networks, strategy, options, dry_run(networks, options, inputs)) {
    lay_out(networks, options, inputs);
  }

  /// The layers of edge `E` of term `T`.
  template <std::size_t T, std::size_t E>
  [[nodiscard]] Layers<T>& layers() {
    return std::get<E>(std::get<T>(layers_));
  }

  static constexpr bool joint = std::is_same_v<decltype(Options::updates), JointUpdate>;
  static constexpr bool has_logit = joint || Plan::trains_somebody(Level::logit);
  static constexpr bool has_feature = !joint && Plan::trains_somebody(Level::feature);

  /// What runs the networks, on the options' threads.
  [[nodiscard]] auto& runner() { return *runner_; }

  /// Steps that updated something. Decides which terms are computed in the next one, see Every.
  std::int64_t steps = 0;
  SkippedSteps skipped;
  /// Whether an error ended a step when weights or statistics had changed: they belong to no step then.
  bool is_torn = false;
  /// For DeferNonFinite.
  LossWatch<Plan> loss_watch;

  /// Whether kernels and images lie in channels_last.
  [[nodiscard]] bool channels_last() const { return channels_last_; }
  [[nodiscard]] std::int64_t classes() const { return classes_; }
  /// What L_logit,k may touch: the parameters of network k that require a gradient. With JointUpdate, what the sum of
  /// its losses may touch.
  [[nodiscard]] const std::vector<torch::Tensor>& parameters(std::size_t network) const {
    return joint && Plan::trains(network, Level::feature) ? feature_parameters_[network] : parameters_[network];
  }
  /// What the feature loss of network k may touch: the same, and the transfer layers of its incoming edges.
  [[nodiscard]] const std::vector<torch::Tensor>& feature_parameters(std::size_t network) const {
    return feature_parameters_[network];
  }
  /// What the loss of discriminator d may touch.
  [[nodiscard]] const std::vector<torch::Tensor>& discriminator_parameters(std::size_t d) const {
    return discriminator_parameters_[d];
  }
  /// The running statistics of every module that a step trains.
  [[nodiscard]] BufferStore& statistics() { return statistics_; }
  /// Transfer layers and discriminators, in the order of terms and edges.
  [[nodiscard]] const std::vector<std::shared_ptr<torch::nn::Module>>& edge_modules() const { return edge_modules_; }

  [[nodiscard]] bool has_logit_optimizer(std::size_t network) const { return logit_optimizers_[network].has_value(); }
  [[nodiscard]] auto& logit_optimizer(std::size_t network) { return *logit_optimizers_[network]; }
  [[nodiscard]] auto& feature_optimizer(std::size_t network) { return *feature_optimizers_[network]; }
  [[nodiscard]] auto& discriminator_optimizer(std::size_t d) { return *discriminator_optimizers_[d]; }

  void scale_rates(const RateFactors& factors) {
    for (auto& optimizer : logit_optimizers_)
      if (optimizer) optimizer->scale_rate(factors.logit);
    for (auto& optimizer : feature_optimizers_)
      if (optimizer) optimizer->scale_rate(factors.feature);
    for (auto& optimizer : discriminator_optimizers_) optimizer->scale_rate(factors.discriminator);
  }

  /// Throws ShapeError if the network's outputs are not what the cohort was built for.
  void check(const Outputs& outputs, std::int64_t batch_size, std::size_t network) const {
    check_outputs(outputs, batch_size, network);
    if (outputs.logits.size(1) != logit_counts_[network]) {
      throw ShapeError(concat("network ", network, " returned ", outputs.logits.size(1), " classes, but ",
                              logit_counts_[network], " at the first batch; their number must not change"));
    }
    if (!(map_shape(outputs.features) == shapes_[network])) {
      throw ShapeError(concat("network ", network, " returned features of ", map_shape(outputs.features), ", but of ",
                              shapes_[network], " at the first batch; all batches must have inputs of one size"));
    }
  }

 private:
  using AllOutputs = std::array<Outputs, network_count>;
  using Runner = NetworkRunner<network_count, decltype(Options::execution)>;

  /// What a forward of one sample tells.
  struct DryRun {
    AllOutputs outputs;
    std::array<double, network_count> costs{};
  };

  template <std::size_t T>
  using LayersOfTerm = std::array<Layers<T>, Plan::template edge_count<T>>;
  template <class Sequence>
  struct LayersOfAll;
  template <std::size_t... T>
  struct LayersOfAll<std::index_sequence<T...>> {
    using type = std::tuple<LayersOfTerm<T>...>;
  };
  using AllLayers = typename LayersOfAll<std::make_index_sequence<Plan::term_count>>::type;

  template <class Policy, std::size_t N>
  using Optimizers = std::array<std::optional<OptimizerState<Policy>>, N>;

  Cohort(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, const Options& options,
         const DryRun& dry)
      : layers_(make_layers(strategy, dry.outputs)), runner_(std::make_unique<Runner>(options.execution, dry.costs)) {
    const AllOutputs& outputs = dry.outputs;
    for (std::size_t k = 0; k < network_count; ++k) {
      shapes_[k] = map_shape(outputs[k].features);
      logit_counts_[k] = outputs[k].logits.size(1);
    }
    classes_ = common_classes();
    collect_parameters(networks);
    collect_layers(outputs);
    rehearse(strategy, outputs);
    make_optimizers(options);
    statistics_ = BufferStore(buffers_);
  }

  static DryRun dry_run(const typename Plan::Networks& networks, const Options& options, const torch::Tensor& inputs) {
    const torch::NoGradGuard no_grad;
    DryRun dry;
    AllOutputs& outputs = dry.outputs;
    const torch::Tensor sample = inputs.narrow(0, 0, 1);
    for_each_index<network_count>([&](auto k) {
      auto& network = std::get<k>(networks);
      const EvalMode eval(module_of(network));
      outputs[k] = named([&] { return run_in(options.precision, network, sample); }, "network ", k.value);
      check_outputs(outputs[k], 1, k);
      static_cast<void>(named([&] { return map_shape(outputs[k].features); }, "network ", k.value));
      if constexpr (Runner::needs_costs) dry.costs[k] = work_of<k>(network, sample);
    });
    return dry;
  }

  /// Multiply-adds of a step on one sample: a backward takes two forwards' worth, and the method takes one per loss.
  template <std::size_t K, class N>
  static double work_of(N& network, const torch::Tensor& sample) {
    const int backwards = (Plan::trains(K, Level::logit) ? 1 : 0) + (Plan::trains(K, Level::feature) ? 1 : 0);
    return static_cast<double>(multiply_adds(network, sample)) * (1 + 2 * backwards);
  }

  void lay_out(const typename Plan::Networks& networks, const Options& options, const torch::Tensor& inputs) {
    channels_last_ = options.layout == Layout::channels_last;
    if (options.layout == Layout::measured && inputs.dim() == 4) {
      LayoutTrial trial(inputs);
      for_each_index<network_count>([&](auto k) {
        auto& network = std::get<k>(networks);
        trial.add(module_of(network), [&](const torch::Tensor& x) { return run_in(options.precision, network, x); });
      });
      channels_last_ = trial.channels_last_pays();
    }
    if (!channels_last_) return;
    for_each_index<network_count>([&](auto k) { to_channels_last(module_of(std::get<k>(networks))); });
    for (const auto& module : edge_modules_) to_channels_last(*module);
  }

  /// Edges compare logits, and networks share labels, so class counts must agree wherever either is true.
  std::int64_t common_classes() const {
    std::optional<std::size_t> first;
    const auto same = [&](std::size_t a, std::size_t b, const char* why) {
      if (logit_counts_[a] == logit_counts_[b]) return;
      throw ShapeError(concat("networks ", a, " and ", b, " have ", logit_counts_[a], " and ", logit_counts_[b],
                              " classes, but ", why, "; give their heads the same number of outputs"));
    };
    for (std::size_t k = 0; k < network_count; ++k) {
      if (Plan::frozen[k]) continue;
      if (!first) first = k;
      same(*first, k, "they learn from the same labels");
    }
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (Plan::template is_edge_term<t> && Plan::template Term<t>::level == Level::logit) {
        for (const Edge& edge : Plan::template TermTopology<t>::edges) {
          same(edge.teacher, edge.student, "an edge between them compares their logits");
        }
      }
    });
    return logit_counts_[first.value_or(0)];
  }

  static AllLayers make_layers(const typename Plan::Strategy& strategy, const AllOutputs& outputs) {
    return [&]<std::size_t... T>(std::index_sequence<T...>) {
      return AllLayers{
          make_term_layers<T>(strategy, outputs, std::make_index_sequence<Plan::template edge_count<T>>{})...};
    }(std::make_index_sequence<Plan::term_count>{});
  }

  template <std::size_t T, std::size_t... E>
  static LayersOfTerm<T> make_term_layers(const typename Plan::Strategy& strategy, const AllOutputs& outputs,
                                          std::index_sequence<E...>) {
    return {make_edge_layers<T, E>(strategy, outputs)...};
  }

  template <std::size_t T, std::size_t E>
  static Layers<T> make_edge_layers(const typename Plan::Strategy& strategy, const AllOutputs& outputs) {
    if constexpr (TermMakesEdge<typename Plan::template Term<T>>) {
      constexpr Edge edge = Plan::template TermTopology<T>::edges[E];
      const auto& term = Plan::template Bound<T>::get(strategy.template get<T>());
      const auto make = [&] {
        return term.make_edge(map_shape(outputs[edge.student].features), map_shape(outputs[edge.teacher].features));
      };
      return named(make, place<T, E>());
    } else {
      return {};
    }
  }

  /// A parameter of two networks would be updated twice, and a frozen one through the back door.
  static void require_separate(const typename Plan::Networks& networks) {
    std::unordered_map<const void*, std::size_t> owners;
    for_each_index<network_count>([&](auto k) {
      for (const torch::Tensor& parameter : module_of(std::get<k>(networks)).parameters()) {
        const auto [owner, is_new] = owners.emplace(parameter.unsafeGetTensorImpl(), k.value);
        if (is_new || owner->second == k.value) continue;
        throw ConfigError(concat("networks ", owner->second, " and ", k.value, " share a parameter of shape ",
                                 parameter.sizes(),
                                 "; give each a module of its own, e.g. by clone(), "
                                 "which makes frozen parameters trainable again"));
      }
    });
  }

  void collect_parameters(const typename Plan::Networks& networks) {
    require_separate(networks);
    for_each_index<network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) {
        torch::nn::Module& module = module_of(std::get<k>(networks));
        std::unordered_set<const void*> known;  // a module that shares a parameter with itself names it twice
        for (const torch::Tensor& parameter : module.parameters()) {
          const bool is_new = known.insert(parameter.unsafeGetTensorImpl()).second;
          if (is_new && parameter.requires_grad()) parameters_[k].push_back(parameter);
        }
        append(buffers_, module.buffers());
        if (parameters_[k].empty()) {
          throw ConfigError(concat("network ", k.value, " has no parameter that requires a gradient; unfreeze one, or ",
                                   "wrap the network in afd::frozen(...) so that it only teaches"));
        }
        if constexpr (Plan::trains(k, Level::feature)) feature_parameters_[k] = parameters_[k];
      }
    });
  }

  void collect_layers(const AllOutputs& outputs) {
    for_each_edge([&](auto t, auto e) {
      using Term = typename Plan::template Term<t>;
      if constexpr (TermMakesEdge<Term>) {
        constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
        auto& made = layers<t, e>();
        const torch::Tensor& like = outputs[edge.student].features;
        const auto adopt = [&](auto& handle) {
          move_like(*handle, like);
          handle->train();
          edge_modules_.push_back(handle->shared_from_this());
          append(buffers_, handle->buffers());
          return handle->parameters();
        };
        append(feature_parameters_[edge.student], adopt(made.transfer));
        if constexpr (AdversarialTerm<Term>) {
          discriminator_parameters_[Plan::template first_discriminator<t> + e] = adopt(made.discriminator);
        }
      }
    });
  }

  /// Computes every loss of an edge once, on the dry run's outputs, so that what does not fit is found here, with the
  /// edge's name.
  void rehearse(const typename Plan::Strategy& strategy, const AllOutputs& outputs) {
    const torch::NoGradGuard no_grad;
    for_each_edge([&](auto t, auto e) {
      using Term = typename Plan::template Term<t>;
      constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
      const Term& term = Plan::template Bound<t>::get(strategy.template get<t>());
      const auto compare = [&] {
        const torch::Tensor student = term.view(outputs[edge.student]);
        const torch::Tensor teacher = term.view(outputs[edge.teacher]);
        if constexpr (ComparesGroup<Term>) {
          static_cast<void>(term.group_loss(student, std::array{teacher, student}));
        } else if constexpr (TermMakesEdge<Term>) {
          auto& made = layers<t, e>();
          const EvalMode eval_transfer(*made.transfer);
          if constexpr (AdversarialTerm<Term>) {
            const EvalMode eval_discriminator(*made.discriminator);
            static_cast<void>(term.losses(made, term.real(made, teacher), term.fake(made, student)));
          } else {
            static_cast<void>(term.loss(made, student, teacher));
          }
        } else {
          static_cast<void>(term.loss(student, teacher));
        }
      };
      named(compare, place<t, e>());
    });
  }

  void make_optimizers(const Options& options) {
    for (std::size_t k = 0; k < network_count; ++k) {
      const bool logit = Plan::trains(k, Level::logit), feature = Plan::trains(k, Level::feature);
      if constexpr (joint) {
        if (logit || feature) logit_optimizers_[k].emplace(options.logit.make(parameters(k)));
      } else {
        if constexpr (has_logit) {
          if (logit) logit_optimizers_[k].emplace(options.logit.make(parameters(k)));
        }
        if constexpr (has_feature) {
          if (feature) feature_optimizers_[k].emplace(options.feature.make(feature_parameters(k)));
        }
      }
    }
    for (std::size_t d = 0; d < Plan::discriminator_count; ++d) {
      discriminator_optimizers_[d].emplace(options.discriminator.make(discriminator_parameters_[d]));
    }
  }

  template <class Body>
  static void for_each_edge(Body&& body) {
    for_each_index<Plan::term_count>(
        [&](auto t) { for_each_index<Plan::template edge_count<t>>([&](auto e) { body(t, e); }); });
  }

  template <std::size_t T, std::size_t E>
  static std::string place() {
    constexpr Edge edge = Plan::template TermTopology<T>::edges[E];
    return concat("edge ", edge.teacher, " -> ", edge.student, ", term ", Plan::template Term<T>::name);
  }

  static void append(std::vector<torch::Tensor>& all, const std::vector<torch::Tensor>& more) {
    all.insert(all.end(), more.begin(), more.end());
  }

  AllLayers layers_;
  std::unique_ptr<Runner> runner_;
  std::array<MapShape, network_count> shapes_;
  std::array<std::int64_t, network_count> logit_counts_{};
  std::int64_t classes_ = 0;
  bool channels_last_ = false;
  std::array<std::vector<torch::Tensor>, network_count> parameters_;
  std::array<std::vector<torch::Tensor>, network_count> feature_parameters_;
  std::array<std::vector<torch::Tensor>, Plan::discriminator_count> discriminator_parameters_;
  std::vector<std::shared_ptr<torch::nn::Module>> edge_modules_;
  std::vector<torch::Tensor> buffers_;
  BufferStore statistics_;
  Optimizers<decltype(Options::logit), has_logit ? network_count : 0> logit_optimizers_;
  Optimizers<decltype(Options::feature), has_feature ? network_count : 0> feature_optimizers_;
  Optimizers<decltype(Options::discriminator), Plan::discriminator_count> discriminator_optimizers_;
};

}  // namespace afd::detail
