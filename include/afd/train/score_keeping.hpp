// SPDX-License-Identifier: MIT
#pragma once

// What a trainer writes down of an epoch: best and last scores, and a row of the history.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/observe/classification.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/observe/score.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/step/learning_rates.hpp>
#include <afd/train/events.hpp>
#include <afd/train/trainer_state.hpp>

namespace afd::detail {

template <class D, class S = Classification>
struct ScoreKeeping {
  static constexpr std::size_t network_count = D::network_count;
  using State = TrainerState<network_count, S>;
  using Event = EpochEvent<D, S>;
  using Result = typename S::Result;

  /// The columns of the history. `sources`: names of those that are evaluated on, the first of which has none there.
  [[nodiscard]] static std::vector<std::string> columns(const std::vector<std::string>& sources = {}) {
    std::vector<std::string> names{"epoch", "seconds", "images_per_second", "skipped_steps"};
    each_rate([&](std::size_t k, auto, const char* kind) { names.push_back(concat(kind, "_rate_", k)); });
    for (const LossEntry& entry : D::Report::entries) names.push_back("train_" + entry.column());
    append_score_columns(names, sources);
    return names;
  }
  /// Those of the evaluations amid epochs.
  [[nodiscard]] static std::vector<std::string> evaluation_columns(const std::vector<std::string>& sources) {
    std::vector<std::string> names{"step", "epoch"};
    append_score_columns(names, sources);
    return names;
  }

  /// Notes the scores of an epoch; whether the mean over trained networks is better than ever.
  static bool record(State& state, Event& event) {
    state.result.epochs = event.epoch + 1;
    event.improved.fill(false);
    return event.scores && record_scores(state, *event.scores, event.epoch, event.improved);
  }

  /// The same of any evaluation.
  static bool record_scores(State& state, const CohortScores<S, network_count>& scores, std::int64_t epoch,
                            std::array<bool, network_count>& improved) {
    bool any = false;
    double sum = 0, trained = 0;
    for (std::size_t k = 0; k < network_count; ++k) {
      improved[k] = keep(state.result.last[k], state.result.best[k], scores.networks[k], epoch);
      if (D::Plan::frozen[k]) continue;
      any = any || improved[k];
      sum += merit<S>(scores.networks[k]);
      trained += 1;
    }
    keep(state.result.last_ensemble, state.result.best_ensemble, scores.ensemble, epoch);
    state.without_progress = any ? 0 : state.without_progress + 1;
    const double mean = sum / trained;
    if (!(mean > state.best_mean)) return false;
    state.best_mean = mean;
    return true;
  }

  /// `sources`: how many are evaluated on.
  static std::vector<double> row(const Event& event, std::size_t sources = 1) {
    std::vector<double> values{static_cast<double>(event.epoch + 1), event.seconds,
                               static_cast<double>(event.samples) / event.train_seconds,
                               static_cast<double>(event.skipped)};
    each_rate([&](std::size_t k, auto rates, const char*) { values.push_back((event.rates.*rates)[k]); });
    values.insert(values.end(), event.losses.begin(), event.losses.end());
    append_scores(values, event.scores ? &*event.scores : nullptr);
    for (std::size_t i = 1; i < sources; ++i) {
      append_scores(values, event.scores ? &event.more_scores[i - 1].scores : nullptr);
    }
    return values;
  }
  static std::vector<double> evaluation_row(const EvaluationEvent<D, S>& event) {
    std::vector<double> values{static_cast<double>(event.steps), static_cast<double>(event.epoch + 1)};
    for (const auto& named : event.scores) append_scores(values, &named.scores);
    return values;
  }

 private:
  using Rates = LearningRates<network_count>;

  /// body(network, member of the rates, what they are called) for every rate that there is.
  template <class Body>
  static void each_rate(const Body& body) {
    for (std::size_t k = 0; k < network_count; ++k) {
      if (D::has_logit_rate(k)) body(k, &Rates::logit, "logit");
      if (D::has_feature_rate(k)) body(k, &Rates::feature, "feature");
      if (D::has_discriminator_rate(k)) body(k, &Rates::discriminator, "discriminator");
    }
  }

  static void append_score_columns(std::vector<std::string>& names, const std::vector<std::string>& sources) {
    const auto append = [&](const std::string& of) {
      for (const auto& column : S::columns) names.push_back(concat(column.name, '_', of));
    };
    for (std::size_t i = 0; i < std::max<std::size_t>(sources.size(), 1); ++i) {
      const std::string on = i == 0 ? std::string() : "_on_" + sources[i];
      for (std::size_t k = 0; k < network_count; ++k) append(std::to_string(k) + on);
      append("ensemble" + on);
    }
  }
  static void append_scores(std::vector<double>& values, const CohortScores<S, network_count>* scores) {
    const auto append = [&](const Result* of) {
      for (const auto& column : S::columns) {
        values.push_back(of != nullptr ? of->*column.value : std::numeric_limits<double>::quiet_NaN());
      }
    };
    for (std::size_t k = 0; k < network_count; ++k) append(scores != nullptr ? &scores->networks[k] : nullptr);
    append(scores != nullptr ? &scores->ensemble : nullptr);
  }

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
