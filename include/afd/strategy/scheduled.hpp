// SPDX-License-Identifier: MIT
#pragma once

// Lets the weight and the temperature of a term change in the course of a training.

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/optim/any_schedule.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/strategy/bound_term.hpp>

namespace afd {

/// Scheduled<MutualKL>{.term = {.temperature = 3}, .weight = Ramp{.epochs = 80}}: the factors that schedules give at
/// each point of the training, on the numbers that the term was given. A Trainer says where the training is; in an own
/// loop Distiller::set_progress() does. Temperature schedules are for terms with a member of that name, and must give
/// more than 0. M: a LossTerm, or one in another wrapper.
template <class M>
struct Scheduled {
  static_assert(!detail::BoundTerm<M, void>::has_schedule,
                "afd: a term is in Scheduled twice; give one of them both schedules");

  M term = {};
  AnySchedule weight = {};
  AnySchedule temperature = {};
};

namespace detail {

template <class M, class DefaultTopology>
struct BoundTerm<Scheduled<M>, DefaultTopology> : WrappedTerm<Scheduled<M>, M, DefaultTopology> {
  static constexpr bool has_schedule = true;

  /// Throws ConfigError for schedules that cannot be.
  static void advance(Scheduled<M>& working, const Scheduled<M>& given, const TrainingProgress& progress) {
    using Inside = BoundTerm<M, DefaultTopology>;
    auto& term = Inside::get(working.term);
    const auto& of = Inside::get(given.term);
    term.weight = of.weight * given.weight(progress);
    if constexpr (requires { term.temperature; }) {
      term.temperature = of.temperature * given.temperature(progress);
      if (term.temperature > 0) return;
      throw ConfigError(concat("the temperature of the term ", BoundTerm::name(),
                               " must be positive, but its schedule ", "makes it ", term.temperature, " at epoch ",
                               progress.epoch));
    } else if (given.temperature) {
      throw ConfigError(
          concat("the term ", BoundTerm::name(), " has a schedule for its temperature, but no member ", "temperature"));
    }
  }

  template <class Add>
  static void describe_schedules(const Scheduled<M>& member, const Add& add) {
    const auto describe = [&](const char* of, const AnySchedule& schedule) {
      if (!schedule) return;
      schedule.describe([&](const auto& at, const auto& factor) { add(concat(of, ' ', at), factor); });
    };
    describe("weight", member.weight);
    describe("temperature", member.temperature);
  }
};

}  // namespace detail
}  // namespace afd
