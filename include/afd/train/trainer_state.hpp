// SPDX-License-Identifier: MIT
#pragma once

// Where a training stands: its epoch and step, what it has summed up, and its results so far.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/compute/random_numbers.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/observe/classification.hpp>
#include <afd/observe/history.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/train/reduce_on_plateau.hpp>

namespace afd {

/// A score and when it was reached. The first epoch counts among equal ones.
template <class S>
struct EpochScores {
  typename S::Result scores{};
  std::int64_t epoch = -1;  ///< from 0; -1: never evaluated
};

/// finished: all epochs; early_stopping: patience is at its end; callback: one returned false; signal: Ctrl-C or
/// SIGTERM, with a checkpoint written.
enum class StopReason { finished, early_stopping, callback, signal };

/// Best and last, never mixed. "Best" is by the watched score, top-1 say, on the source given to fit(): report it as
/// such, or give fit() a validation split and evaluate on the test set once.
template <std::size_t K, class S = Classification>
struct TrainResult {
  std::array<EpochScores<S>, K> last;
  std::array<EpochScores<S>, K> best;
  EpochScores<S> last_ensemble;
  EpochScores<S> best_ensemble;
  std::int64_t epochs = 0;  ///< that were finished
  StopReason stop = StopReason::finished;
  History history;      ///< a row per epoch; see Trainer::columns()
  History evaluations;  ///< a row for each evaluation amid an epoch; see TrainerOptions::evaluate_every_steps
};

namespace detail {

/// What a trainer adds to the state of its distiller.
template <std::size_t K, class S = Classification>
struct TrainerState {
  std::int64_t epoch = 0;  ///< that is being trained
  std::int64_t step = 0;   ///< steps done in it
  std::int64_t steps = 0;  ///< done in all epochs
  std::int64_t samples = 0;
  std::int64_t skipped = 0;
  torch::Tensor sums;                ///< of the epoch's losses, float64; undefined before the first
  std::vector<std::int64_t> counts;  ///< in how many steps each was computed; empty before the first
  std::int64_t schedule_epochs = 0;  ///< that schedules are told; as they were told in the run that was saved
  Plateau plateau{};
  std::int64_t without_progress = 0;
  std::int64_t evaluation_is_due = 0;  ///< 1 between a step and the evaluation after it, which a signal may prevent
  double best_mean = -std::numeric_limits<double>::infinity();  ///< merit over trained networks
  double seconds = 0;                                           ///< that it has taken
  double epoch_seconds = 0;                                     ///< that this epoch has taken
  torch::Tensor epoch_random;  ///< the CPU's random numbers before the epoch's first batch, of a source that must be
                               ///< walked to enter it half-way, for it may draw from them
  TrainResult<K, S> result{};

  /// Nothing of epoch `next` is done.
  void begin(std::int64_t next) {
    epoch = next;
    step = samples = skipped = 0;
    epoch_seconds = 0;
    sums = epoch_random = torch::Tensor();
    counts.clear();
  }

  /// `losses`: like sums where they are defined.
  template <StateVisitor V>
  void visit(V& visitor, const torch::Tensor& losses) {
    visitor.integer("trainer/epoch", epoch);
    visitor.integer("trainer/step", step);
    visitor.integer("trainer/steps", steps);
    visitor.integer("trainer/samples", samples);
    visitor.integer("trainer/skipped", skipped);
    visitor.optional("trainer/sums", sums, losses);
    counts.resize(static_cast<std::size_t>(losses.numel()));
    for (std::size_t i = 0; i < counts.size(); ++i) visitor.integer(concat("trainer/counts/", i), counts[i]);
    visitor.integer("trainer/epochs of schedules", schedule_epochs);
    plateau.visit(visitor);
    visitor.optional("trainer/random numbers of the epoch", epoch_random, cpu_generator().get_state());
    visitor.integer("trainer/without progress", without_progress);
    visitor.integer("trainer/evaluation is due", evaluation_is_due);
    visitor.real("trainer/best mean", best_mean);
    visitor.real("trainer/seconds", seconds);
    visitor.real("trainer/epoch seconds", epoch_seconds);
    visitor.integer("trainer/epochs finished", result.epochs);
    const auto scores = [&](const std::string& key, EpochScores<S>& at) {
      visitor.integer(key + "/epoch", at.epoch);
      visitor.integer(key + "/samples", at.scores.samples);
      for (const auto& column : S::columns) {
        visitor.real(concat(key, '/', column.name), at.scores.*column.value);
      }
    };
    for (std::size_t k = 0; k < K; ++k) {
      scores(concat("trainer/last ", k), result.last[k]);
      scores(concat("trainer/best ", k), result.best[k]);
    }
    scores("trainer/last ensemble", result.last_ensemble);
    scores("trainer/best ensemble", result.best_ensemble);
    visit_history(visitor, "trainer/history", result.history);
    visit_history(visitor, "trainer/evaluations", result.evaluations);
  }

 private:
  template <StateVisitor V>
  static void visit_history(V& visitor, const std::string& key, History& history) {
    const auto stage = [&history, key](const std::string& text) -> std::function<void()> {
      History read = History::parse_csv(text);
      if (read.columns() != history.columns()) {
        throw FormatError(concat(key, " in the file has other columns; evaluate on the same sources as before"));
      }
      return [&history, read = std::move(read)] { history = read; };
    };
    visitor.text(key, [&] { return history.csv(); }, stage);
  }
};

}  // namespace detail
}  // namespace afd
