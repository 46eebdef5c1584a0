// SPDX-License-Identifier: MIT
#pragma once

// What a trainer writes down of an epoch: best and last scores, and a row of the history.

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/observe/classification.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/observe/score.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/train/events.hpp>
#include <afd/train/trainer_state.hpp>

namespace afd::detail {

template <class D, class S = Classification>
struct ScoreKeeping {
  static constexpr std::size_t network_count = D::network_count;
  using State = TrainerState<network_count, S>;
  using Event = EpochEvent<D, S>;
  using Result = typename S::Result;

  /// The columns of the history.
  [[nodiscard]] static std::vector<std::string> columns() {
    std::vector<std::string> names{"epoch", "seconds", "images_per_second", "skipped_steps"};
    for (const LossEntry& entry : D::Report::entries) names.push_back("train_" + entry.column());
    const auto scores = [&](const std::string& of) {
      for (const auto& column : S::columns) names.push_back(concat(column.name, '_', of));
    };
    for (std::size_t k = 0; k < network_count; ++k) scores(std::to_string(k));
    scores("ensemble");
    return names;
  }

  /// Notes scores; whether the mean over trained networks is better than ever.
  static bool record(State& state, Event& event) {
    state.result.epochs = event.epoch + 1;
    event.improved.fill(false);
    if (!event.scores) return false;
    bool improved = false;
    double sum = 0, trained = 0;
    for (std::size_t k = 0; k < network_count; ++k) {
      const Result& scores = event.scores->networks[k];
      event.improved[k] = keep(state.result.last[k], state.result.best[k], scores, event.epoch);
      if (D::Plan::frozen[k]) continue;
      improved = improved || event.improved[k];
      sum += merit<S>(scores);
      trained += 1;
    }
    keep(state.result.last_ensemble, state.result.best_ensemble, event.scores->ensemble, event.epoch);
    state.without_progress = improved ? 0 : state.without_progress + 1;
    const double mean = sum / trained;
    if (!(mean > state.best_mean)) return false;
    state.best_mean = mean;
    return true;
  }

  static std::vector<double> row(const Event& event) {
    std::vector<double> values{static_cast<double>(event.epoch + 1), event.seconds,
                               static_cast<double>(event.samples) / event.train_seconds,
                               static_cast<double>(event.skipped)};
    values.insert(values.end(), event.losses.begin(), event.losses.end());
    const auto add = [&](const Result* scores) {
      for (const auto& column : S::columns) {
        values.push_back(scores != nullptr ? scores->*column.value : std::numeric_limits<double>::quiet_NaN());
      }
    };
    for (std::size_t k = 0; k < network_count; ++k) add(event.scores ? &event.scores->networks[k] : nullptr);
    add(event.scores ? &event.scores->ensemble : nullptr);
    return values;
  }

 private:
  /// Whether it is better than ever. What was not scored changes nothing.
  static bool keep(EpochScores<S>& last, EpochScores<S>& best, const Result& scores, std::int64_t epoch) {
    if (scores.samples == 0) return false;
    last = {scores, epoch};
    if (best.epoch >= 0 && !(merit<S>(scores) > merit<S>(best.scores))) return false;
    best = last;
    return true;
  }
};

}  // namespace afd::detail
