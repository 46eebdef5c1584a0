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

/// How far a training is. `epoch` counts from 0 and has a fraction inside an epoch; where nobody knows how long an
/// epoch is, all of its steps are in the middle of it.
struct TrainingProgress {
  double epoch = 0;
  double epochs = 1;  ///< in the whole training

  friend bool operator==(const TrainingProgress&, const TrainingProgress&) = default;
};

/// A schedule: `schedule(progress) const` is the factor on the learning rate that its optimizer was given, or on
/// another number. The same progress gives the same factor. Lambdas, with captures too, and std::function are
/// schedules. Not required: a base class, state, assignment, monotony, a factor of at most 1, `validate()` (called once
/// before training, throws ConfigError).
template <class S>
concept Schedule = std::copy_constructible<S> && requires(const S& schedule, const TrainingProgress& progress) {
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
    // Epochs are whole numbers or sums of fractions: three times a third must not miss 1 by a rounding error.
    return std::pow(gamma, std::floor(progress.epoch / every + 1e-9));
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
      // 150 of 300 must not miss 0.5 by a rounding error.
      if (progress.epoch >= milestone * progress.epochs - 1e-9) factor *= gamma;
    }
    return factor;
  }
};

/// Half a cosine wave from 1 to `last` (Loshchilov and Hutter, 2017, arXiv 1608.03983, without restarts: those are
/// CosineRestarts).
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

/// Half a cosine wave from 1 to `last` again and again, each `growth` times as long as the one before (Loshchilov and
/// Hutter, 2017, arXiv 1608.03983).
struct CosineRestarts {
  double period = 10;  ///< of the first wave, in epochs
  double growth = 2;
  double last = 0.0;

  void validate() const {
    if (!(period > 0) || !(growth >= 1) || !(last >= 0)) {
      throw ConfigError(detail::concat("CosineRestarts needs period > 0, growth >= 1 and last >= 0, but has ", period,
                                       ", ", growth, " and ", last));
    }
  }
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    double length = period, left = progress.epoch;
    while (left >= length - 1e-9) {
      left -= length;
      length *= growth;
    }
    return Cosine{.last = last}({.epoch = std::fmax(left, 0.0), .epochs = length});
  }
};

/// A cosine's rise from `first` to 1 over the part `rise` of the training, then its fall to `last` (the shape of Smith
/// and Topin, 2018, arXiv 1708.07120, with cosines in place of lines; the momentum stays). The rate that the optimizer
/// was given is the highest.
struct OneCycle {
  double rise = 0.3;
  double first = 0.04;
  double last = 4e-6;

  void validate() const {
    if (!(rise > 0) || !(rise < 1) || !(first >= 0) || !(last >= 0)) {
      throw ConfigError(detail::concat("OneCycle needs a rise between 0 and 1, first >= 0 and last >= 0, but has ",
                                       rise, ", ", first, " and ", last));
    }
  }
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    const double done = std::fmin(progress.epoch / progress.epochs, 1.0);
    if (done >= rise) return Cosine{.last = last}({.epoch = done - rise, .epochs = 1.0 - rise});
    return 1.0 + first - Cosine{.last = first}({.epoch = done, .epochs = rise});
  }
};

/// A rise from 0 to 1 over the first `epochs`, for the weight of a loss: linear, or exp(-5 (1 - t)^2), from 0.0067, as
/// Laine and Aila have it (2017, arXiv 1610.02242).
struct Ramp {
  enum class Shape { linear, gaussian };

  double epochs = 80;
  Shape shape = Shape::linear;

  void validate() const {
    if (!(epochs > 0)) throw ConfigError(detail::concat("Ramp needs epochs > 0, but has ", epochs));
  }
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    const double done = std::fmin(progress.epoch / epochs, 1.0);
    return shape == Shape::linear ? done : std::exp(-5.0 * (1.0 - done) * (1.0 - done));
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
static_assert(Schedule<CosineRestarts> && Schedule<OneCycle> && Schedule<Ramp>);
static_assert(Schedule<LinearWarmup<>> && Schedule<LinearWarmup<Cosine>>);

}  // namespace afd
