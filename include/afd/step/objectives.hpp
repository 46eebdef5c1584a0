// SPDX-License-Identifier: MIT
#pragma once

// All objectives of a distillation: a logit and a feature objective of each network, one of each discriminator.
//
//     L_logit,k  ->  parameters of network k                                        (its logit optimizer)
//     feature loss of k  ->  extractor of network k, transfer layers of its edges   (its feature optimizer)
//     L_D,jk  ->  the discriminator of edge j -> k                                  (its own optimizer)
//
// With JointUpdate the first two are one, by the logit optimizer.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/objective.hpp>
#include <afd/step/options.hpp>
#include <afd/step/roster.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>

namespace afd::detail {

template <class Plan, class Options>
class Objectives {
 public:
  static constexpr bool joint = std::is_same_v<decltype(Options::updates), JointUpdate>;

  /// Whether network k has an objective of that level.
  static constexpr bool has(std::size_t network, Level level) {
    if (joint)
      return level == Level::logit && (Plan::trains(network, Level::logit) || Plan::trains(network, Level::feature));
    return Plan::trains(network, level);
  }

  /// Room for objectives of a level that nobody has is not made, nor is its optimizer compiled.
  static constexpr std::size_t room(Level level) {
    for (std::size_t k = 0; k < Plan::network_count; ++k)
      if (has(k, level)) return Plan::network_count;
    return 0;
  }

  /// Throws ConfigError as roster_of does, and what optimizers throw for options that cannot be.
  Objectives(const typename Plan::Networks& networks, Edges<Plan>& edges, const Options& options) {
    // What the feature loss of each network may touch: its own parameters, and the transfer layers of its edges.
    const auto roster = roster_of<Plan>(networks);
    auto with_edges = roster;
    for_each_edge<Plan>([&](auto t, auto e) {
      if constexpr (TermMakesEdge<typename Plan::template Term<t>>) {
        constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
        append_trainable(with_edges[edge.student], *edges.template layers<t, e>().transfer);
      }
    });
    for (std::size_t k = 0; k < Plan::network_count; ++k) {
      const std::string place = concat("network ", k);
      const bool also_edges = joint && Plan::trains(k, Level::feature);
      if constexpr (room(Level::logit) > 0) {
        if (has(k, Level::logit)) {
          logit_[k].emplace(place + ", logit", options.logit, also_edges ? with_edges[k] : roster[k]);
        }
      }
      if constexpr (room(Level::feature) > 0) {
        if (has(k, Level::feature)) feature_[k].emplace(place + ", feature", options.feature, with_edges[k]);
      }
    }
    for_each_edge<Plan>([&](auto t, auto e) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        constexpr std::size_t d = Plan::template first_discriminator<t> + e;
        discriminators_[d].emplace(Plan::entries[Plan::template discriminator_entry<t, e>].column(),
                                   options.discriminator, trainable(*edges.template layers<t, e>().discriminator));
      }
    });
  }

  /// Of network k; there is one where has(k, Level) says so.
  [[nodiscard]] auto& logit(std::size_t network) { return *logit_[network]; }
  [[nodiscard]] auto& feature(std::size_t network) { return *feature_[network]; }
  [[nodiscard]] auto& discriminator(std::size_t d) { return *discriminators_[d]; }

  /// body(objective) for each of network K's own.
  template <std::size_t K, class Body>
  void each_own(Body&& body) {
    if constexpr (has(K, Level::logit)) body(logit(K));
    if constexpr (has(K, Level::feature)) body(feature(K));
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

  void scale_rates(const RateFactors& factors) {
    for (auto& objective : logit_)
      if (objective) objective->scale_rate(factors.logit);
    for (auto& objective : feature_)
      if (objective) objective->scale_rate(factors.feature);
    for (auto& objective : discriminators_) objective->scale_rate(factors.discriminator);
  }

  /// No gradient of a step that was left half-way may meet the next one.
  void forget() {
    for (auto& objective : logit_)
      if (objective) objective->forget();
    for (auto& objective : feature_)
      if (objective) objective->forget();
    for (auto& objective : discriminators_) objective->forget();
  }

 private:
  std::array<std::optional<Objective<decltype(Options::logit)>>, room(Level::logit)> logit_;
  std::array<std::optional<Objective<decltype(Options::feature)>>, room(Level::feature)> feature_;
  std::array<std::optional<Objective<decltype(Options::discriminator)>>, Plan::discriminator_count> discriminators_;
};

}  // namespace afd::detail
