// SPDX-License-Identifier: MIT
#include <afd/train/trainer_options.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

TEST_CASE("numbers of a trainer that cannot be are refused with what they are") {
  const auto check_trainer_options = [](const auto& options) { afd::detail::check_trainer_options(options, 2); };
  CHECK_NOTHROW(check_trainer_options(afd::TrainerOptions{}));
  CHECK_THROWS_WITH_AS(check_trainer_options(afd::TrainerOptions{.epochs = 0}),
                       doctest::Contains("has 0, 1, 0, 0 and 0"), afd::ConfigError);
  CHECK_THROWS_AS(check_trainer_options(afd::TrainerOptions{.evaluate_every = 0}), afd::ConfigError);
  CHECK_THROWS_AS(check_trainer_options(afd::TrainerOptions{.patience = -1}), afd::ConfigError);
  CHECK_THROWS_AS(check_trainer_options(afd::TrainerOptions{.evaluate_every_steps = -1}), afd::ConfigError);
  CHECK_THROWS_AS(check_trainer_options(afd::TrainerOptions{.schedule_epochs = -1}), afd::ConfigError);
  CHECK_THROWS_AS(check_trainer_options(afd::TrainerOptions{.plateau = {.factor = 0}}), afd::ConfigError);
  CHECK_THROWS_WITH_AS(check_trainer_options(afd::TrainerOptions{.network_schedules = {afd::Cosine{}}}),
                       doctest::Contains("network_schedules has 1 schedules for 2 networks"), afd::ConfigError);
  CHECK_NOTHROW(check_trainer_options(afd::TrainerOptions{.network_schedules = {afd::Cosine{}, afd::Constant{}}}));
  for (const afd::CheckpointOptions& checkpoint :
       {afd::CheckpointOptions{.every_epochs = -1}, afd::CheckpointOptions{.every_steps = -1},
        afd::CheckpointOptions{.keep_last = 0}}) {
    CHECK_THROWS_WITH_AS(check_trainer_options(afd::TrainerOptions{.checkpoint = checkpoint}),
                         doctest::Contains("checkpoints need"), afd::ConfigError);
  }
  CHECK_THROWS_WITH_AS(check_trainer_options(afd::TrainerOptions{.feature_schedule = afd::MultiStep{{2.0}}}),
                       doctest::Contains("MultiStep"), afd::ConfigError);
  CHECK_THROWS_AS(check_trainer_options(afd::TrainerOptions{.discriminator_schedule = afd::Cosine{.last = -1}}),
                  afd::ConfigError);
}

TEST_SUITE_END();
