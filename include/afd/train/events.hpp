// SPDX-License-Identifier: MIT
#pragma once

// What a trainer tells its callbacks, and what a callback is.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include <afd/observe/classification.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/distiller.hpp>
#include <afd/step/learning_rates.hpp>
#include <afd/train/evaluation_sources.hpp>

namespace afd {

/// After each step. `report` is alive during the call.
template <class Distiller>
struct StepEvent {
  const typename Distiller::Report& report;
  std::int64_t epoch;                       ///< from 0
  std::int64_t epochs;                      ///< in this training
  std::int64_t step;                        ///< steps done in this epoch, from 1
  std::optional<std::int64_t> epoch_steps;  ///< in a whole epoch, where known
  std::int64_t samples;                     ///< seen in this epoch
  double epoch_seconds;                     ///< since the epoch began
  double seconds;                           ///< since the training began
};

/// After an evaluation amid an epoch, see TrainerOptions::evaluate_every_steps. The first of the scores are those that
/// best results go by.
template <class Distiller, class S = Classification>
struct EvaluationEvent {
  std::int64_t epoch = 0;                                          ///< from 0
  std::int64_t step = 0;                                           ///< steps done in this epoch
  std::int64_t steps = 0;                                          ///< steps done in all epochs
  std::vector<NamedScores<S, Distiller::network_count>> scores{};  ///< on each source
  std::array<bool, Distiller::network_count> improved{};           ///< as in EpochEvent
};

/// After each epoch, and its evaluation if there was one. `S` is the trainer's score.
template <class Distiller, class S = Classification>
struct EpochEvent {
  std::int64_t epoch = 0;                                               ///< from 0
  std::int64_t epochs = 0;                                              ///< in this training
  std::vector<double> losses{};                                         ///< means over the epoch's steps, in the order
                                                                        ///< of Distiller::Report::entries
  std::optional<CohortScores<S, Distiller::network_count>> scores{};    ///< if this epoch was evaluated
  std::vector<NamedScores<S, Distiller::network_count>> more_scores{};  ///< on other sources than the first
  std::array<bool, Distiller::network_count> improved{};  ///< whose watched score, top-1 say, is the best so far
  std::int64_t samples = 0;                               ///< trained on in this epoch
  std::int64_t skipped = 0;                               ///< steps skipped in this epoch
  LearningRates<Distiller::network_count> rates{};        ///< of its last step
  double train_seconds = 0;                               ///< without the evaluation
  double seconds = 0;                                     ///< since the training began
};

/// Has on_step(event).
template <class C, class Distiller>
concept StepCallback = requires(C& callback, const StepEvent<Distiller>& event) { callback.on_step(event); };

/// Has on_epoch(event).
template <class C, class Distiller, class S = Classification>
concept EpochCallback = requires(C& callback, const EpochEvent<Distiller, S>& event) { callback.on_epoch(event); };

/// Has on_evaluation(event).
template <class C, class Distiller, class S = Classification>
concept EvaluationCallback =
    requires(C& callback, const EvaluationEvent<Distiller, S>& event) { callback.on_evaluation(event); };

/// A function of an epoch: fit(train, test, [](const auto& event) { ... }).
template <class C, class Distiller, class S = Classification>
concept EpochFunction = std::invocable<C&, const EpochEvent<Distiller, S>&>;

/// A callback of a trainer. Whatever it does may return a bool, and false ends the training after this step or epoch.
/// One that remembers something may have visit_state(visitor), which names it to a StateVisitor: it is saved with the
/// run, and put back when the training goes on. Not required: a base class, all functions, or copies.
template <class C, class Distiller, class S = Classification>
concept TrainerCallback = StepCallback<C, Distiller> || EpochCallback<C, Distiller, S> ||
                          EvaluationCallback<C, Distiller, S> || EpochFunction<C, Distiller, S>;

/// Has visit_state(visitor).
template <class C>
concept CallbackHasState = requires(C& callback, SaveState& save, CheckState& check, LoadState& load) {
  callback.visit_state(save);
  callback.visit_state(check);
  callback.visit_state(load);
};

namespace detail {

/// Calls, and says whether to go on.
template <class Function>
bool goes_on(Function&& function) {
  if constexpr (std::is_same_v<decltype(function()), bool>) {
    return function();
  } else {
    function();
    return true;
  }
}

template <class C, class Distiller>
bool tell(C& callback, const StepEvent<Distiller>& event) {
  if constexpr (StepCallback<C, Distiller>) return goes_on([&] { return callback.on_step(event); });
  return true;
}

template <class C, class Distiller, class S>
bool tell(C& callback, const EvaluationEvent<Distiller, S>& event) {
  if constexpr (EvaluationCallback<C, Distiller, S>) return goes_on([&] { return callback.on_evaluation(event); });
  return true;
}

template <class C, class Distiller, class S>
bool tell(C& callback, const EpochEvent<Distiller, S>& event) {
  if constexpr (EpochCallback<C, Distiller, S>) {
    return goes_on([&] { return callback.on_epoch(event); });
  } else if constexpr (EpochFunction<C, Distiller, S>) {
    return goes_on([&] { return callback(event); });
  }
  return true;
}

}  // namespace detail
}  // namespace afd
