// SPDX-License-Identifier: MIT
#pragma once

// The training loop: epochs, schedules, evaluation, callbacks, early stopping, best and last results.

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/observe/history.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/train/distiller.hpp>
#include <afd/train/events.hpp>

namespace afd {

/// The values that tune a trainer; the types of the schedules are chosen with them:
///     TrainerOptions{.epochs = 30, .logit_schedule = Cosine{}}
template <Schedule Logit = Constant, Schedule Feature = Constant, Schedule Discriminator = Constant>
struct TrainerOptions {
  std::int64_t epochs = 10;
  Logit logit_schedule = {};
  Feature feature_schedule = {};
  Discriminator discriminator_schedule = {};
  std::int64_t evaluate_every = 1;  ///< epochs between evaluations; the last epoch is always evaluated
  std::int64_t patience = 0;        ///< evaluations without a better top-1 of any trained network before the training
                                    ///< ends early; 0: never
};

enum class StopReason { finished, early_stopping, callback };

/// A score and when it was reached. The first epoch counts among equal ones.
struct EpochScores {
  Scores scores;
  std::int64_t epoch = -1;  ///< from 0; -1: never evaluated
};

/// Best and last, never mixed. "Best" is by top-1 on the source given to fit(): report it as such, or give fit() a
/// validation split and evaluate on the test set once.
template <std::size_t K>
struct TrainResult {
  std::array<EpochScores, K> last;
  std::array<EpochScores, K> best;
  EpochScores last_ensemble;
  EpochScores best_ensemble;
  std::int64_t epochs = 0;  ///< that were finished
  StopReason stop = StopReason::finished;
  History history;  ///< a row per epoch; see Trainer::columns()
};

/// Trains a distiller on any source of batches: Trainer{distiller, {.epochs = 20}}.fit(train, test). The distiller must
/// outlive it. A source with start_epoch(epoch) is told the epoch.
template <class D, class Options>
class Trainer {
 public:
  static constexpr std::size_t network_count = D::network_count;
  using Result = TrainResult<network_count>;

  /// Throws ConfigError for options that cannot work.
  explicit Trainer(D& distiller, Options options = {}) : distiller_(distiller), options_(std::move(options)) {
    if (options_.epochs < 1 || options_.evaluate_every < 1 || options_.patience < 0) {
      throw ConfigError(detail::concat("a trainer needs epochs and evaluate_every of at least 1 and a patience of at ",
                                       "least 0, but has ", options_.epochs, ", ", options_.evaluate_every, " and ",
                                       options_.patience));
    }
    const auto validate = [](const auto& schedule) {
      if constexpr (requires { schedule.validate(); }) schedule.validate();
    };
    validate(options_.logit_schedule);
    validate(options_.feature_schedule);
    validate(options_.discriminator_schedule);
  }

  /// Trains without evaluation.
  template <BatchSource Train, class... Callbacks>
    requires(TrainerCallback<Callbacks, D> && ...)
  Result fit(Train&& train, Callbacks&&... callbacks) {
    return run(train, [] { return std::optional<CohortScores<network_count>>(); }, callbacks...);
  }

  /// Trains, and evaluates on `evaluation` after each `evaluate_every` epochs. Callbacks: see TrainerCallback. Throws
  /// what Distiller::step throws, and DataError for sources without batches.
  template <BatchSource Train, BatchSource Evaluation, class... Callbacks>
  Result fit(Train&& train, Evaluation&& evaluation, Callbacks&&... callbacks) {
    static_assert((TrainerCallback<Callbacks, D> && ...),
                  "afd: a callback needs on_step(const afd::StepEvent<D>&) or on_epoch(const afd::EpochEvent<D>&), or "
                  "must be callable with an EpochEvent; see afd/train/events.hpp");
    return run(train, [&] { return std::optional(distiller_.evaluate(evaluation)); }, callbacks...);
  }

  /// The columns of the history.
  [[nodiscard]] static std::vector<std::string> columns() {
    std::vector<std::string> names{"epoch", "seconds", "images_per_second", "skipped_steps"};
    for (const LossEntry& entry : D::Report::entries) names.push_back("train_" + entry.column());
    const auto scores = [&](const std::string& of) {
      for (const char* name : {"loss_", "top1_", "top5_"}) names.push_back(name + of);
    };
    for (std::size_t k = 0; k < network_count; ++k) scores(std::to_string(k));
    scores("ensemble");
    return names;
  }

 private:
  using Clock = std::chrono::steady_clock;
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
    Result result;
    result.history = History(columns());
    const Clock::time_point start = Clock::now();
    std::int64_t without_progress = 0;
    for (std::int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
      if constexpr (HasEpochs<Train>) train.start_epoch(epoch);
      EpochEvent<D> event = train_epoch(train, epoch, start, callbacks...);
      if (stopped_) {
        result.stop = StopReason::callback;
        break;
      }
      if ((epoch + 1) % options_.evaluate_every == 0 || epoch + 1 == options_.epochs) event.scores = evaluate();
      const bool improved = record(result, event);
      event.seconds = since(start);
      result.history.add(row(event));
      result.epochs = epoch + 1;
      const bool goes_on = tell(event, callbacks...);
      if (event.scores) without_progress = improved ? 0 : without_progress + 1;
      if (!goes_on) {
        result.stop = StopReason::callback;
        break;
      }
      if (options_.patience > 0 && without_progress >= options_.patience) {
        result.stop = StopReason::early_stopping;
        break;
      }
    }
    stopped_ = false;
    return result;
  }

  template <class Train, class... Callbacks>
  EpochEvent<D> train_epoch(Train& train, std::int64_t epoch, Clock::time_point start, Callbacks&... callbacks) {
    const Clock::time_point epoch_start = Clock::now();
    const std::optional<std::int64_t> epoch_steps = batch_count(train);
    EpochEvent<D> event{.epoch = epoch, .epochs = options_.epochs};
    std::int64_t step = 0;
    torch::Tensor sums, counts;  // counts only if some losses are not computed in every step
    for (auto&& item : train) {
      const Batch batch = as_batch(item);
      set_rates(epoch, step, epoch_steps);
      const auto report = distiller_.step(batch);
      ++step;
      event.samples += batch.targets.size(0);
      if (report.skipped) {
        ++event.skipped;
      } else {
        torch::Tensor losses = report.stacked().to(torch::kFloat64);
        if constexpr (!D::Plan::computes_all()) {
          const torch::Tensor known = losses.isfinite();
          counts = counts.defined() ? counts + known : known.to(torch::kFloat64);
          losses = torch::where(known, losses, torch::zeros_like(losses));
        }
        sums = sums.defined() ? sums + losses : losses;
      }
      const StepEvent<D> done{report,      epoch,         options_.epochs,    step,
                              epoch_steps, event.samples, since(epoch_start), since(start)};
      if (!tell(done, callbacks...)) {
        stopped_ = true;
        break;
      }
    }
    if (step == 0) throw DataError("the training source gave no batch; a one-pass source is used up after an epoch");
    event.losses.assign(D::Report::entries.size(), std::numeric_limits<double>::quiet_NaN());
    if (sums.defined()) {
      const torch::Tensor computed =
          counts.defined() ? counts : torch::full_like(sums, static_cast<double>(step - event.skipped));
      const torch::Tensor means = (sums / computed).to(torch::kCPU);
      for (std::size_t i = 0; i < event.losses.size(); ++i) event.losses[i] = means.data_ptr<double>()[i];
    }
    event.train_seconds = since(epoch_start);
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

  /// Whether any trained network is better than ever.
  static bool record(Result& result, EpochEvent<D>& event) {
    event.improved.fill(false);
    if (!event.scores) return false;
    bool improved = false;
    const auto keep = [&](EpochScores& last, EpochScores& best, const Scores& scores) {
      last = {scores, event.epoch};
      if (best.epoch >= 0 && scores.top1 <= best.scores.top1) return false;
      best = last;
      return true;
    };
    for (std::size_t k = 0; k < network_count; ++k) {
      event.improved[k] = keep(result.last[k], result.best[k], event.scores->networks[k]);
      improved = improved || (event.improved[k] && !D::Plan::frozen[k]);
    }
    keep(result.last_ensemble, result.best_ensemble, event.scores->ensemble);
    return improved;
  }

  static std::vector<double> row(const EpochEvent<D>& event) {
    std::vector<double> values{static_cast<double>(event.epoch + 1), event.seconds,
                               static_cast<double>(event.samples) / event.train_seconds,
                               static_cast<double>(event.skipped)};
    values.insert(values.end(), event.losses.begin(), event.losses.end());
    const auto add = [&](const Scores* scores) {
      const double none = std::numeric_limits<double>::quiet_NaN();
      for (const double value :
           {scores ? scores->loss : none, scores ? scores->top1 : none, scores ? scores->top5 : none})
        values.push_back(value);
    };
    for (std::size_t k = 0; k < network_count; ++k) add(event.scores ? &event.scores->networks[k] : nullptr);
    add(event.scores ? &event.scores->ensemble : nullptr);
    return values;
  }

  D& distiller_;
  Options options_;
  bool stopped_ = false;
};

template <class D>
Trainer(D&, TrainerOptions<>) -> Trainer<D, TrainerOptions<>>;
template <class D>
Trainer(D&) -> Trainer<D, TrainerOptions<>>;
template <class D, class L, class F, class S>
Trainer(D&, TrainerOptions<L, F, S>) -> Trainer<D, TrainerOptions<L, F, S>>;

}  // namespace afd
