// SPDX-License-Identifier: MIT
#pragma once

// How long a trainer trains, at which rates, and how often it evaluates.

#include <cstdint>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/observe/classification.hpp>
#include <afd/observe/score.hpp>
#include <afd/optim/schedule.hpp>

namespace afd {

/// The values that tune a trainer; the types of the schedules are chosen with them:
///     TrainerOptions{.epochs = 30, .logit_schedule = Cosine{}}, TrainerOptions{.score = Regression{}}
template <Schedule Logit = Constant, Schedule Feature = Constant, Schedule Discriminator = Constant,
          class S = Classification>
struct TrainerOptions {
  std::int64_t epochs = 10;
  Logit logit_schedule = {};
  Feature feature_schedule = {};
  Discriminator discriminator_schedule = {};
  std::int64_t evaluate_every = 1;  ///< epochs between evaluations; the last epoch is always evaluated
  std::int64_t patience = 0;  ///< evaluations without a better watched score of any trained network before the training
                              ///< ends early; 0: never
  CheckpointOptions checkpoint = {};  ///< with a folder, a training goes on where the last one in it stopped
  S score = {};                       ///< what evaluations measure; see afd/observe/score.hpp
};

namespace detail {

/// Throws ConfigError for numbers that cannot be, those of schedules included.
template <class Options>
void check_trainer_options(const Options& options) {
  if (options.epochs < 1 || options.evaluate_every < 1 || options.patience < 0) {
    throw ConfigError(concat("a trainer needs epochs and evaluate_every of at least 1 and a patience of at least 0, ",
                             "but has ", options.epochs, ", ", options.evaluate_every, " and ", options.patience));
  }
  const CheckpointOptions& checkpoint = options.checkpoint;
  if (checkpoint.every_epochs < 0 || checkpoint.every_steps < 0 || checkpoint.keep_last < 1) {
    throw ConfigError(concat("checkpoints need every_epochs and every_steps of at least 0 and a keep_last of at least ",
                             "1, but have ", checkpoint.every_epochs, ", ", checkpoint.every_steps, " and ",
                             checkpoint.keep_last));
  }
  const auto validate = [](const auto& schedule) {
    if constexpr (requires { schedule.validate(); }) schedule.validate();
  };
  validate(options.logit_schedule);
  validate(options.feature_schedule);
  validate(options.discriminator_schedule);
}

}  // namespace detail
}  // namespace afd
