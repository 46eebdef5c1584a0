// SPDX-License-Identifier: MIT
#pragma once

// A schedule of any type as a value, so that options which have one have one type. Torch-free.

#include <cmath>
#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/error.hpp>
#include <afd/optim/schedule.hpp>

namespace afd {

/// {.schedule = Cosine{}}, {.schedule = [peak](const TrainingProgress& now) { ... }}. Empty until it is given one. It
/// is asked once a step. What it computes is what it is known by: its factors at some points of a training of 100
/// epochs stand in the recipe, so that one with other numbers is noticed, whatever it holds.
class AnySchedule {
 public:
  AnySchedule() = default;

  /// Throws ConfigError as the schedule's validate() does.
  template <class S>
    requires(!std::same_as<std::remove_cvref_t<S>, AnySchedule> && Schedule<std::remove_cvref_t<S>>)
  AnySchedule(S&& schedule)  // NOLINT(google-explicit-constructor): an option takes a schedule as it is
      : held_(std::make_shared<const Held<std::remove_cvref_t<S>>>(std::forward<S>(schedule))) {
    held_->validate();
  }

  [[nodiscard]] bool empty() const { return held_ == nullptr; }
  explicit operator bool() const { return !empty(); }

  /// 1 if empty. Throws ConfigError for a factor that is negative or not finite.
  [[nodiscard]] double operator()(const TrainingProgress& progress) const {
    if (empty()) return 1.0;
    const double factor = held_->factor(progress);
    if (factor >= 0 && std::isfinite(factor)) return factor;
    throw ConfigError(detail::concat("a schedule gives ", factor, " at epoch ", progress.epoch, " of ", progress.epochs,
                                     "; a factor must be finite and not negative"));
  }

  /// add(name, text) for its factor at each of some points.
  template <class Add>
  void describe(const Add& add) const {
    if (empty()) return add("schedule", std::string("none"));
    for (const double epoch : {0.0, 0.5, 1.0, 5.0, 12.0, 25.0, 30.0, 50.0, 62.0, 75.0, 80.0, 90.0, 99.5}) {
      add(detail::concat("at epoch ", epoch, " of 100"), detail::exact_text(held_->factor({epoch, 100.0})));
    }
  }

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;
    virtual ~Interface() = default;
    [[nodiscard]] virtual double factor(const TrainingProgress& progress) const = 0;
    virtual void validate() const = 0;
  };
  template <class S>
  struct Held final : Interface {
    explicit Held(S given) : schedule(std::move(given)) {}
    [[nodiscard]] double factor(const TrainingProgress& progress) const override {
      return static_cast<double>(schedule(progress));
    }
    void validate() const override {
      if constexpr (requires { schedule.validate(); }) schedule.validate();
    }
    S schedule;
  };

  std::shared_ptr<const Interface> held_;
};

static_assert(Schedule<AnySchedule>);

}  // namespace afd
