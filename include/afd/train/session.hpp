// SPDX-License-Identifier: MIT
#pragma once

// What one fit() keeps beside the distiller: where the training stands, and its checkpoints.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/version.h>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/checkpoint/checkpoint_folder.hpp>
#include <afd/checkpoint/checkpoint_writer.hpp>
#include <afd/compute/random_numbers.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/trainable_flags.hpp>
#include <afd/train/callback_states.hpp>
#include <afd/train/scheduled_factors.hpp>
#include <afd/train/score_keeping.hpp>
#include <afd/train/stop_signals.hpp>
#include <afd/train/together.hpp>
#include <afd/train/trainer_state.hpp>
#include <afd/version.hpp>

namespace afd::detail {

/// `S` is the trainer's score. With a folder for checkpoints it goes on from the newest of them, writes others, and
/// listens to signals; without one it only counts.
template <class D, class Options, class S, class... Callbacks>
class Session {
 public:
  using State = TrainerState<D::network_count, S>;

  /// `source`: the fingerprint of the training source. `evaluated_on`: names of the sources to evaluate on. Throws what
  /// cannot be gone on from.
  Session(D& distiller, const Options& options, std::int64_t source, std::vector<std::string> evaluated_on = {},
          CallbackStates<Callbacks...> callbacks = CallbackStates<Callbacks...>())
      : distiller_(distiller),
        options_(options),
        source_(source),
        evaluated_on_(std::move(evaluated_on)),
        callbacks_(callbacks),
        numbers_(distiller.random_numbers()),
        together_(distiller),
        checkpoint_(options.checkpoint) {
    if (!together_.is_first()) checkpoint_.say = {};
    state.result.history = History(ScoreKeeping<D, S>::columns(evaluated_on_));
    state.result.evaluations = History(ScoreKeeping<D, S>::evaluation_columns(evaluated_on_));
    state.schedule_epochs = options.epochs_of_schedules();
    bool is_in_file = true;  // a training that has not begun needs none
    if constexpr (D::can_be_saved) {
      if (!checkpoint_.folder.empty()) {
        keeps_ = true;
        if (together_.is_first()) writer_.emplace(checkpoint_);
        for (const std::string& sentence : not_compared(distiller_.recipe())) tell(checkpoint_, sentence);
        is_in_file = resume();
        signals_.emplace();
      }
    }
    start_ = Clock::now();
    seconds_before_ = state.seconds;
    saved_step_ = is_in_file ? state.steps : -1;
    note_drawn();
  }

  State state;

  [[nodiscard]] const std::vector<std::string>& evaluated_on() const { return evaluated_on_; }

  /// Since the training began, in other processes, too.
  [[nodiscard]] double seconds() const {
    return seconds_before_ + std::chrono::duration<double>(Clock::now() - start_).count();
  }

  /// Those to ask whether to stop; nullptr if nobody listens.
  [[nodiscard]] const StopSignals* signals() const { return signals_ ? &*signals_ : nullptr; }
  [[nodiscard]] bool is_signalled() const { return signals_ && signals_->signal() != 0; }

  /// Random numbers as after the last thing that was done: what a batch or a callback that fails has drawn does not
  /// count.
  void note_drawn() {
    if (!keeps_) return;
    drawn_ = StateDict();
    numbers_.save(drawn_);
  }

  /// An evaluation, or an epoch without one, is recorded: scores and history have come on since the last step.
  void is_recorded(bool is_best) {
    is_best_ = is_best;
    saved_step_ = -1;
  }

  void save_after_step() {
    const std::int64_t every = checkpoint_.every_steps;
    if ((every > 0 && state.steps % every == 0) || (is_best_ && checkpoint_.keep_best)) save();
  }
  void save_after_epoch() {
    const std::int64_t every = checkpoint_.every_epochs;
    if ((every > 0 && state.epoch % every == 0) || (is_best_ && checkpoint_.keep_best)) save();
  }

  /// If the newest is not in a file yet.
  void save_last() {
    if (!keeps_) return;
    is_ending_ = true;
    if (writer_) writer_->finish();
    if (!together_.as_first(!writer_ || writer_->is_written())) saved_step_ = -1;  // perhaps now
    if (state.steps != saved_step_) save();
    if (writer_) writer_->finish();
  }

  /// The same when the training ends with an error, which says more than what is told here.
  void save_after_error() {
    if (keeps_) numbers_.load(drawn_);
    try {
      save_last();
    } catch (const NonFiniteError&) {  // there is nothing worth to be kept
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  void save() {
    if constexpr (D::can_be_saved) {
      if (!keeps_) return;
      state.seconds = seconds();
      try {
        const StateDict all = together_.joined(state_to_save());
        if (writer_) writer_->write(all, state.steps, is_best_ && checkpoint_.keep_best);
        saved_step_ = state.steps;
      } catch (const NonFiniteError&) {
        throw;
      } catch (const std::exception& error) {
        if constexpr (Together<D>::are_several) throw;  // else some would go on without others
        tell(checkpoint_, concat("no checkpoint after step ", state.steps, ": ", error.what(),
                                 is_ending_ ? "" : "; the training goes on"));
      }
      is_best_ = false;
    }
  }

  [[nodiscard]] StateDict state_to_save() {
    StateDict dict = distiller_.state();
    SaveState save(dict);
    visit(save);
    callbacks_.visit(save);
    for (const auto& [key, value] : recipe_of_schedules(options_)) dict.set("schedules/" + key, value);
    dict.set("library version", std::string(AFD_VERSION_STRING));
    dict.set("LibTorch version", std::string(TORCH_VERSION));
    return dict;
  }

  template <StateVisitor V>
  void visit(V& visitor) {
    visitor.same("trainer/fingerprint of the source", source_);
    state.visit(visitor, torch::zeros({static_cast<std::int64_t>(D::Report::entries.size())}, torch::kFloat64));
  }

  /// Goes on from the newest checkpoint, if there is one. False if that was the best one, for want of another.
  bool resume() {
    const auto found = together_.newest(checkpoint_);
    if (!found) return true;
    named(
        [&] {
          distiller_.require_same_recipe(found->state);
          const std::string lines =
              differences(saved_recipe(found->state, "schedules/"), recipe_of_schedules(options_));
          if (!lines.empty()) throw ConfigError("the state has other schedules:" + lines);
          CheckState check(found->state);
          visit(check);
          callbacks_.visit_known(found->state, check);
          tell_what_is_trained(found->state);
          distiller_.load_state(found->state, TrainableParameters::as_saved);
          LoadState load(found->state);
          visit(load);
          callbacks_.visit_known(found->state, load);
        },
        "cannot go on from ", found->path);
    state.result.stop = StopReason::finished;
    tell_of_other_epochs();
    if (const std::string names = callbacks_.unknown_to(found->state); !names.empty()) {
      tell(checkpoint_, concat("no state is saved of ", names, ", which begins anew"));
    }
    say_where(found->path.string(), found->state.template get<std::string>("LibTorch version"));
    return found->path != CheckpointFolder(checkpoint_.folder).best_path();
  }

  /// A callback may have frozen or unfrozen something in the run that goes on here; so might have the user, since.
  void tell_what_is_trained(const StateDict& saved) const {
    const std::string difference = distiller_.difference_in_trainable(saved);
    if (!difference.empty()) tell(checkpoint_, difference + "; the training goes on with what was trained then");
  }

  /// Schedules that are told of another length give other rates at the same place.
  void tell_of_other_epochs() {
    const std::int64_t before = std::exchange(state.schedule_epochs, options_.epochs_of_schedules());
    if (before == state.schedule_epochs || recipe_of_schedules(options_).empty()) return;
    const auto at = [&](std::int64_t epochs) {
      return options_.schedule({static_cast<double>(state.epoch), static_cast<double>(epochs)});
    };
    tell(checkpoint_, concat("schedules are of ", state.schedule_epochs, " epochs here, and were of ", before,
                             options_.schedule ? concat(": the factor is ", at(state.schedule_epochs),
                                                        " now where it would have been ", at(before))
                                               : std::string(),
                             "; .schedule_epochs = ", before, " keeps them as they were begun"));
  }

  void say_where(const std::string& path, const std::string& torch_version) const {
    const auto say = [&](const auto&... parts) { tell(checkpoint_, concat(parts...)); };
    if (state.epoch < options_.epochs) {
      say("going on from \"", path, "\": epoch ", state.epoch + 1, ", after step ", state.step, " of it");
    } else {
      say("the training in \"", path, "\" has its ", state.epoch, " epochs");
    }
    if (torch_version == TORCH_VERSION) return;
    say('"', path, "\" was written with LibTorch ", torch_version, ", but this is ", TORCH_VERSION,
        "; the training goes on, but perhaps not to the same bits");
  }

  D& distiller_;
  const Options& options_;
  std::int64_t source_;
  std::vector<std::string> evaluated_on_;
  CallbackStates<Callbacks...> callbacks_;
  RandomNumbers numbers_;
  Together<D> together_;
  CheckpointOptions checkpoint_;
  bool keeps_ = false;  // checkpoints
  StateDict drawn_;
  std::optional<StopSignals> signals_;
  std::optional<CheckpointWriter> writer_;
  Clock::time_point start_;
  double seconds_before_ = 0;  // of processes before this one
  std::int64_t saved_step_ = 0;
  bool is_best_ = false;  // and not in a file yet
  bool is_ending_ = false;
};

}  // namespace afd::detail
