// SPDX-License-Identifier: MIT
#pragma once

// The training loop: epochs, schedules, evaluation, callbacks, early stopping, best and last results.

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
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
#include <afd/data/batch.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/observe/history.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/distiller.hpp>
#include <afd/train/events.hpp>
#include <afd/train/score_keeping.hpp>
#include <afd/train/stop_signals.hpp>
#include <afd/train/stoppable_source.hpp>
#include <afd/train/trainer_options.hpp>
#include <afd/train/trainer_state.hpp>
#include <afd/version.hpp>

namespace afd {

/// Trains a distiller on any source of batches: Trainer{distiller, {.epochs = 20}}.fit(train, test). The distiller must
/// outlive it. A source with start_epoch(epoch) is told the epoch.
///
/// With .checkpoint = {.folder = "runs/pair"} the whole run is saved there. fit() then goes on from the newest
/// checkpoint, to the same bits as if it had never stopped, and Ctrl-C or SIGTERM end it after a step, with a
/// checkpoint. A source with start_epoch(epoch, first_batch) enters an epoch half-way; others are walked to that place.
/// What callbacks remember is theirs to save. An evaluation leaves LibTorch's random numbers as it found them.
/// docs/reliability.md has the promises and how they are tested.
template <class D, class Options>
class Trainer {
 public:
  static constexpr std::size_t network_count = D::network_count;
  using Result = TrainResult<network_count>;

  /// Throws ConfigError for options that cannot work.
  explicit Trainer(D& distiller, Options options = {}) : distiller_(distiller), options_(std::move(options)) {
    detail::check_trainer_options(options_);
    if (!D::can_be_saved && !options_.checkpoint.folder.empty()) {
      throw ConfigError(
          "there are no checkpoints with these optimizers: one of them lacks visit_state(names, visitor); "
          "see afd/optim/optimizer.hpp");
    }
  }

  /// Trains without evaluation.
  template <BatchSource Train, class... Callbacks>
    requires(TrainerCallback<Callbacks, D> && ...)
  Result fit(Train&& train, Callbacks&&... callbacks) {
    return run(train, [](const StopSignals*) { return MaybeScores(); }, callbacks...);
  }

  /// Trains, and evaluates on `evaluation` after each `evaluate_every` epochs. Callbacks: see TrainerCallback. Throws
  /// what Distiller::step, sources and callbacks throw, after a checkpoint of the steps before it, and DataError for
  /// sources without batches; with checkpoints, ConfigError if another training is at work in their folder or the
  /// newest of them is of another recipe, FileError if none can be used.
  template <BatchSource Train, BatchSource Evaluation, class... Callbacks>
  Result fit(Train&& train, Evaluation&& evaluation, Callbacks&&... callbacks) {
    static_assert((TrainerCallback<Callbacks, D> && ...),
                  "afd: a callback needs on_step(const afd::StepEvent<D>&) or on_epoch(const afd::EpochEvent<D>&), or "
                  "must be callable with an EpochEvent; see afd/train/events.hpp");
    const auto evaluate = [&](const StopSignals* signals) {
      const detail::RandomNumbersGuard as_before(distiller_.random_numbers());
      return MaybeScores(distiller_.evaluate(detail::StoppableSource(evaluation, signals)));
    };
    return run(train, evaluate, callbacks...);
  }

  /// The columns of the history.
  [[nodiscard]] static std::vector<std::string> columns() { return Keeping::columns(); }

 private:
  using Clock = std::chrono::steady_clock;
  using State = detail::TrainerState<network_count>;
  using Keeping = detail::ScoreKeeping<D>;
  using MaybeScores = std::optional<CohortScores<network_count>>;

  static double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

  /// Tells every callback, in order; whether all want to go on.
  template <class Event, class... Callbacks>
  static bool tell([[maybe_unused]] const Event& event, Callbacks&... callbacks) {
    bool goes_on = true;
    ((goes_on = detail::tell<Callbacks, D>(callbacks, event) && goes_on), ...);
    return goes_on;
  }

  template <class Train, class Evaluate, class... Callbacks>
  Result run(Train& train, const Evaluate& evaluate, Callbacks&... callbacks) {
    State state;
    state.result.history = History(columns());
    const std::int64_t source = fingerprint(train);
    std::optional<StopSignals> signals;
    std::optional<detail::CheckpointWriter> writer;
    bool is_in_file = true;  // a training that has not begun needs none
    if constexpr (D::can_be_saved) {
      if (!options_.checkpoint.folder.empty()) {
        writer.emplace(options_.checkpoint);
        is_in_file = resume(state, source);
        signals.emplace();
      }
    }
    start_ = Clock::now();
    seconds_before_ = state.seconds;
    std::int64_t saved_step = is_in_file ? state.steps : -1;
    bool is_best = false;  // and not in a file yet
    bool is_ending = false;
    const auto save = [&] {
      if constexpr (D::can_be_saved) {
        if (!writer) return;
        state.seconds = seconds();
        try {
          writer->write(state_to_save(state, source), state.steps, is_best && options_.checkpoint.keep_best);
          saved_step = state.steps;
        } catch (const NonFiniteError&) {
          throw;
        } catch (const std::exception& error) {
          detail::tell(options_.checkpoint, detail::concat("no checkpoint after step ", state.steps, ": ", error.what(),
                                                           is_ending ? "" : "; the training goes on"));
        }
        is_best = false;
      }
    };
    // If the newest is not in a file yet.
    const auto save_last = [&] {
      if (!writer) return;
      is_ending = true;
      writer->finish();
      if (!writer->is_written()) saved_step = -1;  // perhaps now
      if (state.steps != saved_step) save();
      writer->finish();
    };
    // As after the last thing that was done: what a batch or a callback that fails has drawn does not count.
    detail::RandomNumbers numbers = distiller_.random_numbers();
    StateDict drawn;
    const auto note_drawn = [&] {
      if (!writer) return;
      drawn = StateDict();
      numbers.save(drawn);
    };
    note_drawn();
    const auto after_step = [&](const auto& event) {
      note_drawn();
      const bool goes_on = tell(event, callbacks...);
      note_drawn();
      if (!goes_on) return StopReason::callback;
      if (signals && signals->signal() != 0) return StopReason::signal;
      const std::int64_t every = options_.checkpoint.every_steps;
      if (every > 0 && state.steps % every == 0) save();
      return StopReason::finished;
    };
    StopReason& stop = state.result.stop;
    const auto train_epochs = [&] {
      while (stop == StopReason::finished && state.epoch < options_.epochs) {
        if (options_.patience > 0 && state.without_progress >= options_.patience) {
          stop = StopReason::early_stopping;
          return;
        }
        EpochEvent<D> event = train_epoch(train, state, after_step, stop);
        if (stop != StopReason::finished) return;
        distiller_.require_finite_losses();
        const std::int64_t epoch = event.epoch;
        if ((epoch + 1) % options_.evaluate_every == 0 || epoch + 1 == options_.epochs) {
          try {
            event.scores = evaluate(signals ? &*signals : nullptr);
          } catch (const detail::StoppedWalk&) {  // the epoch's evaluation is done again when the training goes on
            stop = StopReason::signal;
            return;
          }
        }
        is_best = Keeping::record(state, event);
        event.seconds = seconds();
        state.result.history.add(Keeping::row(event));
        state.begin(epoch + 1);
        saved_step = -1;  // scores and history have come on since the epoch's last step
        note_drawn();
        if (!tell(event, callbacks...)) stop = StopReason::callback;
        note_drawn();
        if (signals && signals->signal() != 0) stop = StopReason::signal;
        const std::int64_t every = options_.checkpoint.every_epochs;
        if ((every > 0 && state.epoch % every == 0) || (is_best && options_.checkpoint.keep_best)) save();
      }
    };
    try {
      train_epochs();
    } catch (...) {  // of a batch, a source, an evaluation, a callback: what was trained before it is kept
      if (writer) numbers.load(drawn);
      try {
        save_last();
      } catch (const NonFiniteError&) {  // there is nothing worth to be kept, and the first error says more
      }
      throw;
    }
    save_last();
    if (signals && signals->signal() != 0) stop = StopReason::signal;
    return state.result;
  }

  /// Trains the rest of state's epoch. `after_step` says whether to go on.
  template <class Train, class AfterStep>
  EpochEvent<D> train_epoch(Train& train, State& state, const AfterStep& after_step, StopReason& stop) {
    const Clock::time_point epoch_start = Clock::now();
    const double epoch_before = state.epoch_seconds;
    const std::optional<std::int64_t> epoch_steps = batch_count(train);
    std::optional<detail::RandomNumbersGuard> walking;
    std::int64_t to_skip = enter(train, state, walking);
    EpochEvent<D> event{.epoch = state.epoch, .epochs = options_.epochs};
    for (auto&& item : train) {
      if (to_skip > 0) {
        if (--to_skip == 0) walking.reset();
        continue;
      }
      const Batch batch = as_batch(item);
      set_rates(state.epoch, state.step, epoch_steps);
      const auto report = distiller_.step(batch);
      ++state.step;
      ++state.steps;
      state.samples += batch.targets.size(0);
      add_losses(state, report);
      state.epoch_seconds = epoch_before + since(epoch_start);
      const StepEvent<D> done{report,      state.epoch,   options_.epochs,     state.step,
                              epoch_steps, state.samples, state.epoch_seconds, seconds()};
      stop = after_step(done);
      if (stop != StopReason::finished) return event;
    }
    if (to_skip > 0) {
      throw DataError(detail::concat("the training source gave only ", state.step - to_skip, " batches, but ",
                                     state.step, " of epoch ", state.epoch + 1,
                                     " are trained already: it is not the one that was trained on"));
    }
    if (state.step == 0) {
      throw DataError("the training source gave no batch; a one-pass source is used up after an epoch");
    }
    event.samples = state.samples;
    event.skipped = state.skipped;
    event.train_seconds = epoch_before + since(epoch_start);
    event.losses.assign(D::Report::entries.size(), std::numeric_limits<double>::quiet_NaN());
    if (state.sums.defined()) {
      const torch::Tensor computed =
          state.counts.defined() ? state.counts
                                 : torch::full_like(state.sums, static_cast<double>(state.step - state.skipped));
      const torch::Tensor means = (state.sums / computed).to(torch::kCPU);
      for (std::size_t i = 0; i < event.losses.size(); ++i) event.losses[i] = means.data_ptr<double>()[i];
    }
    return event;
  }

  /// Tells the source where to begin; returns how many batches are still to be passed over. Until they are, `walking`
  /// keeps the random numbers of now, and the source draws from those that the epoch began with.
  template <class Train>
  static std::int64_t enter(Train& train, State& state, std::optional<detail::RandomNumbersGuard>& walking) {
    if constexpr (CanResumeEpoch<Train>) {
      if (can_resume_epoch(train)) {
        train.start_epoch(state.epoch, state.step);
        return 0;
      }
    }
    if (state.step == 0) state.epoch_random = detail::cpu_generator().get_state();
    if (state.step > 0 && state.epoch_random.defined()) {
      walking.emplace(detail::RandomNumbers(std::vector<torch::Device>{}));
      detail::cpu_generator().set_state(state.epoch_random);
    }
    if constexpr (HasEpochs<Train>) train.start_epoch(state.epoch);
    return state.step;
  }

  template <class Report>
  static void add_losses(State& state, const Report& report) {
    if (report.skipped) {
      ++state.skipped;
      return;
    }
    torch::Tensor losses = report.stacked().to(torch::kFloat64);
    const auto add = [&](torch::Tensor& sum, const torch::Tensor& value) {
      sum = sum.defined() ? sum.to(value.device()) + value : value;
    };
    if constexpr (!D::Plan::computes_all()) {
      const torch::Tensor known = losses.isfinite();
      add(state.counts, known.to(torch::kFloat64));
      losses = torch::where(known, losses, torch::zeros_like(losses));
    }
    add(state.sums, losses);
  }

  [[nodiscard]] double seconds() const { return seconds_before_ + since(start_); }

  /// Schedules shape the computation, too.
  [[nodiscard]] Recipe schedules() const {
    Recipe recipe;
    detail::describe(recipe, "logit schedule", options_.logit_schedule);
    detail::describe(recipe, "feature schedule", options_.feature_schedule);
    detail::describe(recipe, "discriminator schedule", options_.discriminator_schedule);
    return recipe;
  }

  [[nodiscard]] StateDict state_to_save(State& state, std::int64_t source) {
    StateDict dict = distiller_.state();
    SaveState save(dict);
    visit(state, source, save);
    for (const auto& [key, value] : schedules()) dict.set("schedules/" + key, value);
    dict.set("library version", std::string(AFD_VERSION_STRING));
    dict.set("LibTorch version", std::string(TORCH_VERSION));
    return dict;
  }

  template <StateVisitor V>
  static void visit(State& state, std::int64_t source, V& visitor) {
    visitor.same("trainer/fingerprint of the source", source);
    state.visit(visitor, torch::zeros({static_cast<std::int64_t>(D::Report::entries.size())}, torch::kFloat64));
  }

  /// Goes on from the newest checkpoint, if there is one. False if that was the best one, for want of another.
  bool resume(State& state, std::int64_t source) {
    const auto found = detail::newest_checkpoint(options_.checkpoint);
    if (!found) return true;
    detail::named(
        [&] {
          distiller_.require_same_recipe(found->state);
          const std::string lines = differences(detail::saved_recipe(found->state, "schedules/"), schedules());
          if (!lines.empty()) throw ConfigError("the state has other schedules:" + lines);
          CheckState check(found->state);
          visit(state, source, check);
          distiller_.load_state(found->state);
          LoadState load(found->state);
          visit(state, source, load);
        },
        "cannot go on from ", found->path);
    state.result.stop = StopReason::finished;
    const auto say = [&](const auto&... parts) { detail::tell(options_.checkpoint, detail::concat(parts...)); };
    if (state.epoch < options_.epochs) {
      say("going on from ", found->path, ": epoch ", state.epoch + 1, ", after step ", state.step, " of it");
    } else {
      say("the training in ", found->path, " has its ", state.epoch, " epochs");
    }
    const auto& torch_version = found->state.template get<std::string>("LibTorch version");
    if (torch_version != TORCH_VERSION) {
      say(found->path, " was written with LibTorch ", torch_version, ", but this is ", TORCH_VERSION,
          "; the training goes on, but perhaps not to the same bits");
    }
    return found->path != detail::CheckpointFolder(options_.checkpoint.folder).best_path();
  }

  void set_rates(std::int64_t epoch, std::int64_t step, std::optional<std::int64_t> epoch_steps) {
    TrainingProgress progress{static_cast<double>(epoch), static_cast<double>(options_.epochs)};
    if (epoch_steps && *epoch_steps > 0) {
      progress.epoch += static_cast<double>(step) / static_cast<double>(*epoch_steps);
    }
    distiller_.scale_rates({.logit = options_.logit_schedule(progress),
                            .feature = options_.feature_schedule(progress),
                            .discriminator = options_.discriminator_schedule(progress)});
  }

  D& distiller_;
  Options options_;
  Clock::time_point start_;
  double seconds_before_ = 0;  // of processes before this one
};

template <class D>
Trainer(D&, TrainerOptions<>) -> Trainer<D, TrainerOptions<>>;
template <class D>
Trainer(D&) -> Trainer<D, TrainerOptions<>>;
template <class D, class L, class F, class S>
Trainer(D&, TrainerOptions<L, F, S>) -> Trainer<D, TrainerOptions<L, F, S>>;

}  // namespace afd
