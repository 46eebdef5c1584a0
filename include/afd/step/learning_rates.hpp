// SPDX-License-Identifier: MIT
#pragma once

// A number for each objective: learning rates, and norms of gradients.

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include <afd/detail/for_each_index.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// Of each network: that of its logit loss, of its feature loss, of the discriminators on the edges that end there. NaN
/// for what a network has not, or where nobody knows.
template <std::size_t N>
struct ObjectiveNumbers {
  std::array<double, N> logit = none();
  std::array<double, N> feature = none();
  std::array<double, N> discriminator = none();

 private:
  static constexpr std::array<double, N> none() {
    std::array<double, N> all{};
    all.fill(std::numeric_limits<double>::quiet_NaN());
    return all;
  }
};

template <std::size_t N>
using LearningRates = ObjectiveNumbers<N>;
template <std::size_t N>
using GradientNorms = ObjectiveNumbers<N>;

namespace detail {

template <class Objectives, std::size_t N>
void read_rates(Objectives& objectives, LearningRates<N>& all) {
  for_each_index<N>([&](auto k) {
    if constexpr (Objectives::has(k, Level::logit)) all.logit[k] = objectives.template logit<k>().rate();
    if constexpr (Objectives::has(k, Level::feature)) all.feature[k] = objectives.template feature<k>().rate();
    objectives.template each_discriminator<k>(
        [&](auto& objective, auto, auto) { all.discriminator[k] = objective.rate(); });
  });
}

/// Of several discriminators the norm of all together.
template <class Objectives, std::size_t N>
void read_norms(Objectives& objectives, GradientNorms<N>& all) {
  const auto number = [](const auto& objective) {
    return objective.norm().defined() ? objective.norm().template item<double>()
                                      : std::numeric_limits<double>::quiet_NaN();
  };
  for_each_index<N>([&](auto k) {
    if constexpr (Objectives::has(k, Level::logit)) all.logit[k] = number(objectives.template logit<k>());
    if constexpr (Objectives::has(k, Level::feature)) all.feature[k] = number(objectives.template feature<k>());
    objectives.template each_discriminator<k>([&](auto& objective, auto, auto) {
      const double own = number(objective), before = all.discriminator[k];
      all.discriminator[k] = std::isnan(before) ? own : std::hypot(before, own);
    });
  });
}

}  // namespace detail
}  // namespace afd
