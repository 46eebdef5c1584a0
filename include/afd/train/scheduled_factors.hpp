// SPDX-License-Identifier: MIT
#pragma once

// Which rates a trainer's schedules give.

#include <cstddef>
#include <string>

#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/error.hpp>
#include <afd/optim/any_schedule.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/step/options.hpp>

namespace afd::detail {

/// `plateau`: a factor besides, on all of them.
template <std::size_t N, class Options>
[[nodiscard]] NetworkFactors<N> scheduled_factors(const Options& options, const TrainingProgress& progress,
                                                  double plateau) {
  const auto of = [&](const AnySchedule& own) { return own ? own(progress) : options.schedule(progress); };
  const RateFactors all{.logit = of(options.logit_schedule),
                        .feature = of(options.feature_schedule),
                        .discriminator = of(options.discriminator_schedule)};
  NetworkFactors<N> factors;
  for (std::size_t k = 0; k < N; ++k) {
    const double own = plateau * (options.network_schedules.empty() ? 1.0 : options.network_schedules[k](progress));
    factors[k] = {all.logit * own, all.feature * own, all.discriminator * own};
  }
  return factors;
}

/// Throws ConfigError for a schedule of rates that nobody has.
template <class D, class Options>
void require_somebody_has(const Options& options) {
  const auto require = [](bool has, const AnySchedule& schedule, const char* which, const char* what) {
    if (has || schedule.empty()) return;
    throw ConfigError(concat(which, " is for ", what, ", but these networks have none; leave it out"));
  };
  bool logit = false, feature = false, discriminator = false;
  for (std::size_t k = 0; k < D::network_count; ++k) {
    logit = logit || D::has_logit_rate(k);
    feature = feature || D::has_feature_rate(k);
    discriminator = discriminator || D::has_discriminator_rate(k);
  }
  require(logit, options.logit_schedule, "logit_schedule", "updates by logit losses");
  require(feature, options.feature_schedule, "feature_schedule", "updates by feature losses of their own");
  require(discriminator, options.discriminator_schedule, "discriminator_schedule", "discriminators");
}

/// Schedules shape the computation, too.
template <class Options>
[[nodiscard]] Recipe recipe_of_schedules(const Options& options) {
  Recipe recipe;
  const auto add = [&](const std::string& key, const AnySchedule& schedule) {
    if (!schedule) return;
    schedule.describe([&](const auto& at, const auto& factor) { recipe[concat(key, ' ', at)] = factor; });
  };
  add("schedule", options.schedule);
  add("logit schedule", options.logit_schedule);
  add("feature schedule", options.feature_schedule);
  add("discriminator schedule", options.discriminator_schedule);
  for (std::size_t k = 0; k < options.network_schedules.size(); ++k) {
    add(concat("schedule of network ", k), options.network_schedules[k]);
  }
  if (options.plateau.is_on()) {
    recipe["plateau factor"] = exact_text(options.plateau.factor);
    recipe["plateau patience"] = exact_text(options.plateau.patience);
    recipe["plateau least"] = exact_text(options.plateau.least);
  }
  return recipe;
}

}  // namespace afd::detail
