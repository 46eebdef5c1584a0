// SPDX-License-Identifier: MIT
#pragma once

// Learning-rate schedules: pure functions of how far the training is, so there is nothing to save or restore.
// Torch-free.

#include <cmath>
#include <concepts>
#include <numbers>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// How far a training is. `epoch` counts from 0 and has a fraction inside an epoch of known length.
struct TrainingProgress {
  double epoch = 0;
  double epochs = 1;  ///< in the whole training
};

/// A schedule: `schedule(progress) const` is the factor on the learning rate that its optimizer was given. The same
/// progress gives the same factor. Not required: a base class, state, monotony, a factor of at most 1, `validate()`
/// (called once before training, throws ConfigError).
template <class S>
concept Schedule = std::copyable<S> && requires(const S& schedule, const TrainingProgress& progress) {
  { schedule(progress) } -> std::convertible_to<double>;
};

/// No change: factor 1.
struct Constant {
  [[nodiscard]] double operator()(const TrainingProgress& /*progress*/) const { return 1.0; }
};

/// gamma^n after n times `every` epochs.
struct StepDecay {
  double every = 30;  ///< epochs
  double gamma = 0.1;

  void validate() const {
    if (!(every > 0) || !(gamma > 0)) {
      throw ConfigError(detail::concat("StepDecay needs every > 0 and gamma > 0, but has ", every, " and ", gamma));
    }
  }
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    return std::pow(gamma, std::floor(progress.epoch / every));
  }
};

/// gamma^n after n of the milestones, which are fractions of the whole training. The default is usual for CIFAR:
/// a tenth at 50 % and again at 75 %.
struct MultiStep {
  std::vector<double> milestones = {0.5, 0.75};
  double gamma = 0.1;

  void validate() const {
    for (const double milestone : milestones) {
      if (!(milestone >= 0 && milestone <= 1)) {
        throw ConfigError(detail::concat("MultiStep's milestones are fractions of the training, 0 to 1, but one is ",
                                         milestone, "; for epoch 150 of 300 give 0.5"));
      }
    }
    if (!(gamma > 0)) throw ConfigError(detail::concat("MultiStep needs gamma > 0, but has ", gamma));
  }
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    double factor = 1.0;
    for (const double milestone : milestones) {
      // Epochs are whole numbers or sums of fractions: 150 of 300 must not miss 0.5 by a rounding error.
      if (progress.epoch >= milestone * progress.epochs - 1e-9) factor *= gamma;
    }
    return factor;
  }
};

/// Half a cosine wave from 1 to `last` (Loshchilov and Hutter, 2017, arXiv 1608.03983, without restarts).
struct Cosine {
  double last = 0.0;

  void validate() const {
    if (!(last >= 0)) throw ConfigError(detail::concat("Cosine needs last >= 0, but has ", last));
  }
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    const double done = std::fmin(progress.epoch / progress.epochs, 1.0);
    return last + (1.0 - last) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  }
};

/// A linear rise from `first` to 1 over the first `epochs`, times another schedule:
/// LinearWarmup{.epochs = 5, .then = Cosine{}}.
template <Schedule Then = Constant>
struct LinearWarmup {
  double epochs = 5;
  double first = 0.0;
  Then then = {};

  void validate() const {
    if (!(epochs > 0) || !(first >= 0)) {
      throw ConfigError(
          detail::concat("LinearWarmup needs epochs > 0 and first >= 0, but has ", epochs, " and ", first));
    }
    if constexpr (requires { then.validate(); }) then.validate();
  }
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    const double done = std::fmin(progress.epoch / epochs, 1.0);
    return (first + (1.0 - first) * done) * then(progress);
  }
};

static_assert(Schedule<Constant> && Schedule<StepDecay> && Schedule<MultiStep> && Schedule<Cosine>);
static_assert(Schedule<LinearWarmup<>> && Schedule<LinearWarmup<Cosine>>);

}  // namespace afd
