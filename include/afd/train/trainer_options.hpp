// SPDX-License-Identifier: MIT
#pragma once

// How long a trainer trains, at which rates, and how often it evaluates.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/observe/classification.hpp>
#include <afd/observe/score.hpp>
#include <afd/optim/any_schedule.hpp>
#include <afd/train/reduce_on_plateau.hpp>

namespace afd {

/// The values that tune a trainer: Trainer{distiller, {.epochs = 30, .schedule = Cosine{}}}. The type of the score is
/// chosen with it: TrainerOptions{.score = Regression{}}
template <class S = Classification>
struct TrainerOptions {
  std::int64_t epochs = 10;
  AnySchedule schedule = {};  ///< of all learning rates
  /// In place of `schedule`, of the rates of logit losses, of feature losses, or of discriminators.
  AnySchedule logit_schedule = {};
  AnySchedule feature_schedule = {};
  AnySchedule discriminator_schedule = {};
  /// Factors besides, on the rates of network 0, 1, ... and of the discriminators of the edges that end there; empty,
  /// or one for each.
  std::vector<AnySchedule> network_schedules = {};
  /// How many epochs schedules are told that the training has; 0: `epochs`. For a training that goes on longer than it
  /// was begun for: the number that it was begun with keeps to its schedules, and their last rates stay.
  std::int64_t schedule_epochs = 0;
  ReduceOnPlateau plateau = {};
  std::int64_t evaluate_every = 1;        ///< epochs between evaluations; the last epoch is always evaluated
  std::int64_t evaluate_every_steps = 0;  ///< steps of the training between evaluations amid epochs; 0: none
  std::int64_t patience = 0;  ///< evaluations without a better watched score of any trained network before the training
                              ///< ends early; 0: never
  CheckpointOptions checkpoint = {};  ///< with a folder, a training goes on where the last one in it stopped
  S score = {};                       ///< what evaluations measure; see afd/observe/score.hpp

  [[nodiscard]] std::int64_t epochs_of_schedules() const { return schedule_epochs > 0 ? schedule_epochs : epochs; }
};

namespace detail {

/// Throws ConfigError for numbers that cannot be.
template <class Options>
void check_trainer_options(const Options& options, std::size_t networks) {
  if (options.epochs < 1 || options.evaluate_every < 1 || options.patience < 0 || options.schedule_epochs < 0 ||
      options.evaluate_every_steps < 0) {
    throw ConfigError(
        concat("a trainer needs epochs and evaluate_every of at least 1 and evaluate_every_steps, patience ",
               "and schedule_epochs of at least 0, but has ", options.epochs, ", ", options.evaluate_every, ", ",
               options.evaluate_every_steps, ", ", options.patience, " and ", options.schedule_epochs));
  }
  const CheckpointOptions& checkpoint = options.checkpoint;
  if (checkpoint.every_epochs < 0 || checkpoint.every_steps < 0 || checkpoint.keep_last < 1) {
    throw ConfigError(concat("checkpoints need every_epochs and every_steps of at least 0 and a keep_last of at least ",
                             "1, but have ", checkpoint.every_epochs, ", ", checkpoint.every_steps, " and ",
                             checkpoint.keep_last));
  }
  const std::size_t schedules = options.network_schedules.size();
  if (schedules != 0 && schedules != networks) {
    throw ConfigError(concat("network_schedules has ", schedules, " schedules for ", networks,
                             " networks; give one for each, afd::Constant{} where nothing is to change, or none"));
  }
  options.plateau.validate();
}

}  // namespace detail
}  // namespace afd
