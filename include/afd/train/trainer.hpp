// SPDX-License-Identifier: MIT
#pragma once

// The training loop: epochs, schedules, evaluation, callbacks, early stopping, best and last results.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
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
#include <afd/step/exchange.hpp>
#include <afd/train/callback_states.hpp>
#include <afd/train/epoch.hpp>
#include <afd/train/evaluation_sources.hpp>
#include <afd/train/events.hpp>
#include <afd/train/scheduled_factors.hpp>
#include <afd/train/score_keeping.hpp>
#include <afd/train/session.hpp>
#include <afd/train/stop_signals.hpp>
#include <afd/train/stoppable_source.hpp>
#include <afd/train/together.hpp>
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
    detail::check_trainer_options(options_, network_count);
    detail::require_somebody_has<D>(options_);
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
    const auto require = [](bool is_off, const char* what) {
      if (is_off) return;
      throw ConfigError(
          detail::concat(what, " goes by what evaluations measure, but fit() was given no source to ", "evaluate on"));
    };
    require(options_.patience == 0, "patience");
    require(!options_.plateau.is_on(), "plateau");
    require(options_.evaluate_every_steps == 0, "evaluate_every_steps");
    return run(train, [](const StopSignals*) { return Scores(); }, {}, callbacks...);
  }

  /// Trains, and evaluates on `evaluation`, one source or several with names (see EvaluationSources), after each
  /// `evaluate_every` epochs. Callbacks: see TrainerCallback. Throws what Distiller::step, sources and callbacks throw,
  /// after a checkpoint of the steps before it, and DataError for sources without batches; with checkpoints,
  /// ConfigError if another training is at work in their folder or the newest of them is of another recipe, FileError
  /// if none can be used.
  template <BatchSource Train, detail::EvaluatedOn Evaluation, class... Callbacks>
  Result fit(Train&& train, Evaluation&& evaluation, Callbacks&&... callbacks) {
    static_assert((TrainerCallback<Callbacks, D, Score> && ...),
                  "afd: a callback needs on_step(const afd::StepEvent<D>&) or on_epoch(const afd::EpochEvent<D>&), or "
                  "must be callable with an EpochEvent; see afd/train/events.hpp");
    const auto evaluate = [&](const StopSignals* signals) {
      const detail::RandomNumbersGuard as_before(distiller_.random_numbers());
      Scores scores;
      detail::each_evaluation_source(evaluation, [&](const std::string& name, auto& source) {
        scores.push_back({name, distiller_.evaluate(detail::StoppableSource(source, signals), options_.score)});
      });
      return scores;
    };
    return run(train, evaluate, detail::names_of_sources(evaluation), callbacks...);
  }

  /// The columns of the history of a training that is evaluated on one source, or on several of these names.
  [[nodiscard]] static std::vector<std::string> columns(const std::vector<std::string>& sources = {}) {
    return Keeping::columns(sources);
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Together = detail::Together<D>;
  using Keeping = detail::ScoreKeeping<D, Score>;
  using Event = EpochEvent<D, Score>;
  using Scores = std::vector<NamedScores<Score, network_count>>;

  template <class Train, class Evaluate, class... Callbacks>
  Result run(Train& train, const Evaluate& evaluate, std::vector<std::string> sources, Callbacks&... callbacks) {
    return detail::telling_others(distiller_.exchange(),
                                  [&] { return run_all(train, evaluate, std::move(sources), callbacks...); });
  }

  template <class Train, class Evaluate, class... Callbacks>
  Result run_all(Train& train, const Evaluate& evaluate, std::vector<std::string> sources, Callbacks&... callbacks) {
    constexpr bool advances = detail::require_advancing_source<Train>();
    together_.require_same_training(train, options_);
    wish_ = StopReason::finished;
    detail::Session<D, Options, Score, Callbacks...> session(distiller_, options_, fingerprint(train),
                                                             std::move(sources),
                                                             detail::CallbackStates<Callbacks...>(callbacks...));
    const auto tell = [&](const auto& event) {
      session.note_drawn();
      bool goes_on = true;
      ((goes_on = detail::tell<Callbacks, D>(callbacks, event) && goes_on), ...);
      session.note_drawn();
      return goes_on;
    };
    try {
      if constexpr (advances) train_epochs(train, evaluate, session, tell);
    } catch (...) {  // of a batch, a source, an evaluation, a callback: what was trained before it is kept
      if (Together::fail_together(std::current_exception())) session.save_after_error();
      throw;
    }
    session.save_last();
    if (together_.agreed(session.is_signalled() ? StopReason::signal : StopReason::finished) == StopReason::signal) {
      session.state.result.stop = StopReason::signal;
    }
    return session.state.result;
  }

  /// This process wants to stop. Of several all must know it first, which the next step tells them.
  void want(StopReason reason, StopReason& stop) {
    if constexpr (Together::are_several) {
      if (wish_ == StopReason::finished) wish_ = reason;
    } else {
      stop = reason;
    }
  }

  /// Until there are no more, or something says so. `tell(event)` says whether callbacks want to go on.
  template <class Train, class Evaluate, class Session, class Tell>
  void train_epochs(Train& train, const Evaluate& evaluate, Session& session, const Tell& tell) {
    auto& state = session.state;
    StopReason& stop = state.result.stop;
    while (stop == StopReason::finished && state.epoch < options_.epochs) {
      if (patience_is_at_its_end(state)) {
        stop = StopReason::early_stopping;
        return;
      }
      Event event = train_epoch(train, evaluate, session, tell);
      if (stop != StopReason::finished) return;
      distiller_.require_finite_losses();
      if (!evaluate_epoch(evaluate, session, event)) return;
      const bool is_best = Keeping::record(state, event);
      if (event.scores) state.plateau.note(is_best, options_.plateau);
      session.is_recorded(is_best);
      event.seconds = session.seconds();
      state.result.history.add(Keeping::row(event, session.evaluated_on().size()));
      state.begin(event.epoch + 1);
      if (!tell(event)) want(StopReason::callback, stop);
      if (session.is_signalled()) want(StopReason::signal, stop);
      if constexpr (Together::are_several) stop = together_.agreed(wish_);
      session.save_after_epoch();
    }
  }

  template <class State>
  [[nodiscard]] bool patience_is_at_its_end(const State& state) const {
    return options_.patience > 0 && state.without_progress >= options_.patience;
  }

  /// If this epoch is to be evaluated. False if a signal came: it is evaluated again when the training goes on.
  template <class Evaluate, class Session>
  bool evaluate_epoch(const Evaluate& evaluate, Session& session, Event& event) const {
    if ((event.epoch + 1) % options_.evaluate_every != 0 && event.epoch + 1 != options_.epochs) return true;
    try {
      Scores scores = evaluate(who_may_interrupt(session));
      if (scores.empty()) return true;
      event.scores = std::move(scores.front().scores);
      event.more_scores.assign(std::make_move_iterator(scores.begin() + 1), std::make_move_iterator(scores.end()));
      return true;
    } catch (const detail::StoppedWalk&) {
      session.state.result.stop = StopReason::signal;
      return false;
    }
  }

  /// After a step, if it is time for an evaluation amid the epoch.
  template <class Evaluate, class Session, class Tell>
  void evaluate_amid(const Evaluate& evaluate, Session& session, const Tell& tell) {
    auto& state = session.state;
    if (state.evaluation_is_due == 0) return;
    distiller_.require_finite_losses();
    EvaluationEvent<D, Score> event{.epoch = state.epoch, .step = state.step, .steps = state.steps};
    try {
      event.scores = evaluate(who_may_interrupt(session));
    } catch (const detail::StoppedWalk&) {
      state.result.stop = StopReason::signal;
      return;
    }
    state.evaluation_is_due = 0;
    const bool is_best = Keeping::record_scores(state, event.scores.front().scores, event.epoch, event.improved);
    state.plateau.note(is_best, options_.plateau);
    state.result.evaluations.add(Keeping::evaluation_row(event));
    session.is_recorded(is_best);
    if (!tell(event)) want(StopReason::callback, state.result.stop);
    if (patience_is_at_its_end(state)) state.result.stop = StopReason::early_stopping;
  }

  /// Trains the rest of the session's epoch.
  template <class Train, class Evaluate, class Session, class Tell>
  Event train_epoch(Train& train, const Evaluate& evaluate, Session& session, const Tell& tell) {
    auto& state = session.state;
    const StopReason& stop = state.result.stop;
    const Clock::time_point epoch_start = Clock::now();
    const double epoch_before = state.epoch_seconds;
    const auto in_epoch = [&] {
      return epoch_before + std::chrono::duration<double>(Clock::now() - epoch_start).count();
    };
    const std::optional<std::int64_t> epoch_steps = batch_count(train);
    Event event{.epoch = state.epoch, .epochs = options_.epochs};
    evaluate_amid(evaluate, session, tell);  // which a signal has prevented
    if (stop != StopReason::finished) return event;
    std::optional<detail::RandomNumbersGuard> walking;
    std::int64_t to_skip = detail::enter_epoch(train, state, walking);
    for (auto&& item : train) {
      if (to_skip > 0) {
        if (--to_skip == 0) walking.reset();
        continue;
      }
      step(as_batch(item), session, epoch_steps, in_epoch, tell);
      if (stop == StopReason::finished) evaluate_amid(evaluate, session, tell);
      if (stop == StopReason::finished && session.is_signalled()) want(StopReason::signal, state.result.stop);
      if (stop != StopReason::finished) return event;
      session.save_after_step();
    }
    detail::require_batches(state, to_skip);
    distiller_.finish_accumulation();
    event.samples = state.samples;
    event.skipped = state.skipped;
    event.train_seconds = in_epoch();
    event.losses = detail::mean_losses(state, D::Report::entries.size());
    event.rates = distiller_.rates();
    return event;
  }

  /// One step, and what follows from it.
  template <class B, class Session, class Seconds, class Tell>
  void step(const B& batch, Session& session, std::optional<std::int64_t> epoch_steps, const Seconds& in_epoch,
            const Tell& tell) {
    auto& state = session.state;
    set_rates(state.epoch, state.step, epoch_steps, state.plateau.factor);
    if constexpr (Together::are_several) distiller_.want_to_stop(code_of(wish_));
    const auto report = distiller_.step(batch);
    if constexpr (Together::are_several) state.result.stop = reason_of(distiller_.agreed_stop());
    ++state.step;
    ++state.steps;
    state.samples += sample_count(batch.inputs);
    const std::int64_t every = options_.evaluate_every_steps;
    state.evaluation_is_due = every > 0 && state.steps % every == 0 ? 1 : 0;
    detail::add_losses<typename D::Plan>(state, report);
    state.epoch_seconds = in_epoch();
    const StepEvent<D> done{report,      state.epoch,   options_.epochs,     state.step,
                            epoch_steps, state.samples, state.epoch_seconds, session.seconds()};
    if (!tell(done)) want(StopReason::callback, state.result.stop);
  }

  /// As steps tell it to other processes.
  static constexpr int code_of(StopReason reason) {
    return reason == StopReason::signal ? 1 : reason == StopReason::callback ? 2 : 0;
  }
  static constexpr StopReason reason_of(int code) {
    return code == 1 ? StopReason::signal : code == 2 ? StopReason::callback : StopReason::finished;
  }

  /// One process alone may stop in the middle of an evaluation.
  template <class Session>
  [[nodiscard]] static const StopSignals* who_may_interrupt(const Session& session) {
    return Together::are_several ? nullptr : session.signals();
  }

  /// Tells the distiller how far the training is, and which rates schedules give to the next step.
  void set_rates(std::int64_t epoch, std::int64_t step, std::optional<std::int64_t> epoch_steps, double plateau) {
    TrainingProgress progress{static_cast<double>(epoch), static_cast<double>(options_.epochs_of_schedules())};
    progress.epoch += epoch_steps && *epoch_steps > 0
                          ? static_cast<double>(step) / static_cast<double>(*epoch_steps)
                          : 0.5;  // somewhere in the epoch: at its start a warmup would train nothing in all of it
    distiller_.set_progress(progress);
    distiller_.schedule_rates(detail::scheduled_factors<network_count>(options_, progress, plateau));
  }

  D& distiller_;
  Options options_;
  Together together_{distiller_};
  StopReason wish_ = StopReason::finished;  // of this process, if there are several
};

template <class D>
Trainer(D&, TrainerOptions<>) -> Trainer<D, TrainerOptions<>>;
template <class D>
Trainer(D&) -> Trainer<D, TrainerOptions<>>;
template <class D, class S>
Trainer(D&, TrainerOptions<S>) -> Trainer<D, TrainerOptions<S>>;

}  // namespace afd
