// SPDX-License-Identifier: MIT
#pragma once

// The training loop: epochs, schedules, evaluation, callbacks, early stopping, best and last results.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <afd/compute/random_numbers.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/tensors.hpp>
#include <afd/error.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/observe/score.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/step/distiller.hpp>
#include <afd/train/epoch.hpp>
#include <afd/train/events.hpp>
#include <afd/train/score_keeping.hpp>
#include <afd/train/session.hpp>
#include <afd/train/stop_signals.hpp>
#include <afd/train/stoppable_source.hpp>
#include <afd/train/trainer_options.hpp>
#include <afd/train/trainer_state.hpp>

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
  /// What evaluations measure.
  using Score = decltype(Options::score);
  using Result = TrainResult<network_count, Score>;

  static_assert(detail::require_score<Score>());

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
    requires(TrainerCallback<Callbacks, D, Score> && ...)
  Result fit(Train&& train, Callbacks&&... callbacks) {
    if (options_.patience > 0) {
      throw ConfigError("patience goes by what evaluations measure, but fit() was given no source to evaluate on");
    }
    return run(train, [](const StopSignals*) { return MaybeScores(); }, callbacks...);
  }

  /// Trains, and evaluates on `evaluation` after each `evaluate_every` epochs. Callbacks: see TrainerCallback. Throws
  /// what Distiller::step, sources and callbacks throw, after a checkpoint of the steps before it, and DataError for
  /// sources without batches; with checkpoints, ConfigError if another training is at work in their folder or the
  /// newest of them is of another recipe, FileError if none can be used.
  template <BatchSource Train, BatchSource Evaluation, class... Callbacks>
  Result fit(Train&& train, Evaluation&& evaluation, Callbacks&&... callbacks) {
    static_assert((TrainerCallback<Callbacks, D, Score> && ...),
                  "afd: a callback needs on_step(const afd::StepEvent<D>&) or on_epoch(const afd::EpochEvent<D>&), or "
                  "must be callable with an EpochEvent; see afd/train/events.hpp");
    const auto evaluate = [&](const StopSignals* signals) {
      const detail::RandomNumbersGuard as_before(distiller_.random_numbers());
      return MaybeScores(distiller_.evaluate(detail::StoppableSource(evaluation, signals), options_.score));
    };
    return run(train, evaluate, callbacks...);
  }

  /// The columns of the history.
  [[nodiscard]] static std::vector<std::string> columns() { return Keeping::columns(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Keeping = detail::ScoreKeeping<D, Score>;
  using Session = detail::Session<D, Options, Score>;
  using Event = EpochEvent<D, Score>;
  using MaybeScores = std::optional<CohortScores<Score, network_count>>;

  template <class Train, class Evaluate, class... Callbacks>
  Result run(Train& train, const Evaluate& evaluate, Callbacks&... callbacks) {
    Session session(distiller_, options_, fingerprint(train));
    const auto tell = [&](const auto& event) {
      session.note_drawn();
      bool goes_on = true;
      ((goes_on = detail::tell<Callbacks, D>(callbacks, event) && goes_on), ...);
      session.note_drawn();
      return goes_on;
    };
    try {
      train_epochs(train, evaluate, session, tell);
    } catch (...) {  // of a batch, a source, an evaluation, a callback: what was trained before it is kept
      session.save_after_error();
      throw;
    }
    session.save_last();
    if (session.is_signalled()) session.state.result.stop = StopReason::signal;
    return session.state.result;
  }

  /// Until there are no more, or something says so. `tell(event)` says whether callbacks want to go on.
  template <class Train, class Evaluate, class Tell>
  void train_epochs(Train& train, const Evaluate& evaluate, Session& session, const Tell& tell) {
    auto& state = session.state;
    StopReason& stop = state.result.stop;
    while (stop == StopReason::finished && state.epoch < options_.epochs) {
      if (options_.patience > 0 && state.without_progress >= options_.patience) {
        stop = StopReason::early_stopping;
        return;
      }
      Event event = train_epoch(train, session, tell);
      if (stop != StopReason::finished) return;
      distiller_.require_finite_losses();
      if (!evaluate_epoch(evaluate, session, event)) return;
      session.epoch_is_recorded(Keeping::record(state, event));
      event.seconds = session.seconds();
      state.result.history.add(Keeping::row(event));
      state.begin(event.epoch + 1);
      if (!tell(event)) stop = StopReason::callback;
      if (session.is_signalled()) stop = StopReason::signal;
      session.save_after_epoch();
    }
  }

  /// If this epoch is to be evaluated. False if a signal came: it is evaluated again when the training goes on.
  template <class Evaluate>
  bool evaluate_epoch(const Evaluate& evaluate, Session& session, Event& event) const {
    if ((event.epoch + 1) % options_.evaluate_every != 0 && event.epoch + 1 != options_.epochs) return true;
    try {
      event.scores = evaluate(session.signals());
      return true;
    } catch (const detail::StoppedWalk&) {
      session.state.result.stop = StopReason::signal;
      return false;
    }
  }

  /// Trains the rest of the session's epoch.
  template <class Train, class Tell>
  Event train_epoch(Train& train, Session& session, const Tell& tell) {
    auto& state = session.state;
    const Clock::time_point epoch_start = Clock::now();
    const double epoch_before = state.epoch_seconds;
    const auto in_epoch = [&] {
      return epoch_before + std::chrono::duration<double>(Clock::now() - epoch_start).count();
    };
    const std::optional<std::int64_t> epoch_steps = batch_count(train);
    std::optional<detail::RandomNumbersGuard> walking;
    std::int64_t to_skip = detail::enter_epoch(train, state, walking);
    Event event{.epoch = state.epoch, .epochs = options_.epochs};
    for (auto&& item : train) {
      if (to_skip > 0) {
        if (--to_skip == 0) walking.reset();
        continue;
      }
      const auto batch = as_batch(item);
      set_rates(state.epoch, state.step, epoch_steps);
      const auto report = distiller_.step(batch);
      ++state.step;
      ++state.steps;
      state.samples += sample_count(batch.inputs);
      detail::add_losses<typename D::Plan>(state, report);
      state.epoch_seconds = in_epoch();
      const StepEvent<D> done{report,      state.epoch,   options_.epochs,     state.step,
                              epoch_steps, state.samples, state.epoch_seconds, session.seconds()};
      if (!tell(done)) {
        state.result.stop = StopReason::callback;
      } else if (session.is_signalled()) {
        state.result.stop = StopReason::signal;
      } else {
        session.save_after_step();
        continue;
      }
      return event;
    }
    detail::require_batches(state, to_skip);
    event.samples = state.samples;
    event.skipped = state.skipped;
    event.train_seconds = in_epoch();
    event.losses = detail::mean_losses(state, D::Report::entries.size());
    return event;
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
};

template <class D>
Trainer(D&, TrainerOptions<>) -> Trainer<D, TrainerOptions<>>;
template <class D>
Trainer(D&) -> Trainer<D, TrainerOptions<>>;
template <class D, class L, class F, class G, class S>
Trainer(D&, TrainerOptions<L, F, G, S>) -> Trainer<D, TrainerOptions<L, F, G, S>>;

}  // namespace afd
