// SPDX-License-Identifier: MIT
#pragma once

// All objectives of a distillation: a logit and a feature objective of each network, one of each discriminator.
//
//     L_logit,k  ->  parameters of network k                                        (its logit optimizer)
//     feature loss of k  ->  extractor of network k, transfer layers of its edges   (its feature optimizer)
//     L_D,jk  ->  the discriminator of edge j -> k                                  (its own optimizer)
//
// With JointUpdate the first two are one, by the logit optimizer; with LogitFirst the second is taken after the first's
// update.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/optim/per_network.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/exchange.hpp>
#include <afd/step/objective.hpp>
#include <afd/step/options.hpp>
#include <afd/step/roster.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>

namespace afd::detail {

/// Room for an objective; without a policy nobody has it, and no optimizer is compiled.
template <class Policy>
struct ObjectiveSlot {
  using type = std::optional<Objective<Policy>>;
};
template <>
struct ObjectiveSlot<NoOptimizer> {
  using type = NoOptimizer;
};

/// Whose gradients are looked at, or exchanged.
struct Players {
  bool discriminators = true;
  bool own = true;
};

template <class Plan, class Options>
class Objectives {
 public:
  static constexpr bool joint = std::is_same_v<decltype(Options::updates), JointUpdate>;
  static constexpr bool logit_first = std::is_same_v<decltype(Options::updates), LogitFirst>;

  /// Whether network k has an objective of that level.
  static constexpr bool has(std::size_t network, Level level) {
    if (joint)
      return level == Level::logit && (Plan::trains(network, Level::logit) || Plan::trains(network, Level::feature));
    return Plan::trains(network, level);
  }

  /// Whether there is an objective of that level.
  static constexpr bool has_any(Level level) {
    for (std::size_t k = 0; k < Plan::network_count; ++k)
      if (has(k, level)) return true;
    return false;
  }

  /// Throws ConfigError as roster_of does, and what optimizers throw for options that cannot be.
  Objectives(const typename Plan::Networks& networks, Edges<Plan>& edges, const Options& options) {
    // What the feature loss of each network may touch: its own parameters, and the transfer layers of its edges.
    const auto roster = roster_of<Plan>(networks);
    auto with_edges = roster;
    for_each_edge<Plan>([&](auto t, auto e) {
      if constexpr (TermMakesEdge<typename Plan::template Term<t>>) {
        constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
        append_trainable(with_edges[edge.student], *edges.template layers<t, e>().transfer,
                         edge_place<Plan, t, e>() + "/transfer/");
      }
    });
    for_each_index<Plan::network_count>([&](auto k) {
      const std::string place = concat("network ", k.value);
      if constexpr (has(k, Level::logit)) {
        constexpr bool also_edges = joint && Plan::trains(k, Level::feature);
        std::get<k>(logit_).emplace(place + ", logit", policy_of<k>(options.logit),
                                    also_edges ? with_edges[k] : roster[k]);
      }
      if constexpr (has(k, Level::feature)) {
        std::get<k>(feature_).emplace(place + ", feature", policy_of<k>(options.feature), with_edges[k]);
      }
    });
    for_each_edge<Plan>([&](auto t, auto e) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        constexpr std::size_t d = Plan::template first_discriminator<t> + e;
        discriminators_[d].emplace(
            Plan::entries[Plan::template discriminator_entry<t, e>].column(), options.discriminator,
            trainable(*edges.template layers<t, e>().discriminator, edge_place<Plan, t, e>() + "/discriminator/"));
      }
    });
    each([&](auto& objective) { objective.measure(options.measure_gradients); });
  }

  /// Of network K; there is one where has(K, Level) says so.
  template <std::size_t K>
  [[nodiscard]] auto& logit() {
    return *std::get<K>(logit_);
  }
  template <std::size_t K>
  [[nodiscard]] auto& feature() {
    return *std::get<K>(feature_);
  }
  [[nodiscard]] auto& discriminator(std::size_t d) { return *discriminators_[d]; }

  /// body(objective) for each of network K's own.
  template <std::size_t K, class Body>
  void each_own(Body&& body) {
    if constexpr (has(K, Level::logit)) body(logit<K>());
    if constexpr (has(K, Level::feature)) body(feature<K>());
  }

  /// body(objective, term, edge), the last two as constants, for the discriminator of every edge to network K.
  template <std::size_t K, class Body>
  void each_discriminator(Body&& body) {
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        Plan::template for_each_edge_to<t, K>(
            [&](auto e, auto) { body(discriminator(Plan::template first_discriminator<t> + e), t, e); });
      }
    });
  }

  /// body(objective) for those of network K, its edges' discriminators first.
  template <std::size_t K, class Body>
  void each_of(const Players& players, const Body& body) {
    if (players.discriminators) each_discriminator<K>([&](auto& objective, auto, auto) { body(objective); });
    if (players.own) each_own<K>(body);
  }

  /// body(objective) for every one.
  template <class Body>
  void each(const Body& body) {
    for_each_index<Plan::network_count>([&](auto k) { each_own<k>(body); });
    for (auto& objective : discriminators_) body(*objective);
  }

  /// Whether other parameters can be trained by optimizers that there are.
  static constexpr bool can_take_over = all_optimizers<decltype(Options::logit), TakesOver>() &&
                                        all_optimizers<decltype(Options::feature), TakesOver>() &&
                                        all_optimizers<decltype(Options::discriminator), TakesOver>();

  /// Goes on with what optimizers know of parameters that `other`, which is not used any more, has, too.
  void take_over(Objectives& other)
    requires can_take_over
  {
    for_each_index<Plan::network_count>([&](auto k) {
      if constexpr (has(k, Level::logit)) logit<k>().take_over(other.template logit<k>());
      if constexpr (has(k, Level::feature)) feature<k>().take_over(other.template feature<k>());
    });
    for (std::size_t d = 0; d < discriminators_.size(); ++d) discriminator(d).take_over(other.discriminator(d));
  }

  /// Those of network k on its own rates and on the rates of its edges' discriminators.
  void scale_rates(const NetworkFactors<Plan::network_count>& factors) {
    for_each_index<Plan::network_count>([&](auto k) {
      if constexpr (has(k, Level::logit)) logit<k>().scale_rate(factors[k].logit);
      if constexpr (has(k, Level::feature)) feature<k>().scale_rate(factors[k].feature);
      each_discriminator<k>([&](auto& objective, auto, auto) { objective.scale_rate(factors[k].discriminator); });
    });
  }

  /// Makes an update of gradients that wait for one, if some do: in all processes, or in none.
  template <class Exchange>
  void update_with_rest([[maybe_unused]] Exchange& exchange) {
    bool has_rest = false;
    each([&](auto& objective) { has_rest = has_rest || objective.has_rest(); });
    if (!has_rest) return;
    each([](auto& objective) { objective.gather_rest(); });
    if constexpr (SharesGradients<Exchange>) {
      exchange.begin_step(0);
      each([&](auto& objective) { objective.exchange_rest(exchange); });
      exchange.finish(std::array<torch::Tensor, 0>{}, 0, {});
    }
    each([](auto& objective) { objective.prepare_rest(); });
    each([](auto& objective) { objective.apply_rest(); });
  }

  void count_samples(std::int64_t samples) {
    each([&](auto& objective) { objective.count_samples(samples); });
  }

  /// No gradient of a step that was left half-way may meet the next one.
  void forget() {
    each([](auto& objective) { objective.forget(); });
  }

 private:
  template <std::size_t K, Level L, class Policy>
  using PolicyIf = std::conditional_t<has(K, L), PolicyOf<K, Policy>, NoOptimizer>;
  template <class Sequence>
  struct Slots;
  template <std::size_t... K>
  struct Slots<std::index_sequence<K...>> {
    using Logit = std::tuple<typename ObjectiveSlot<PolicyIf<K, Level::logit, decltype(Options::logit)>>::type...>;
    using Feature =
        std::tuple<typename ObjectiveSlot<PolicyIf<K, Level::feature, decltype(Options::feature)>>::type...>;
  };
  using AllSlots = Slots<std::make_index_sequence<Plan::network_count>>;

  typename AllSlots::Logit logit_;
  typename AllSlots::Feature feature_;
  std::array<std::optional<Objective<decltype(Options::discriminator)>>, Plan::discriminator_count> discriminators_;
};

}  // namespace afd::detail
