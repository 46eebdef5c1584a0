// SPDX-License-Identifier: MIT
#pragma once

// Lowers learning rates when scores do not get better any more.

#include <cmath>
#include <cstdint>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd {

/// .plateau = {.factor = 0.1, .patience = 5}: all rates are multiplied by `factor` whenever the mean of the watched
/// score over the trained networks was not better than ever in more than `patience` evaluations in a row, beside
/// whatever schedules do.
struct ReduceOnPlateau {
  double factor = 1.0;         ///< 1: never
  std::int64_t patience = 10;  ///< evaluations
  double least = 0.0;          ///< the product of all factors does not get smaller than this

  [[nodiscard]] bool is_on() const { return factor < 1.0; }

  /// Throws ConfigError for numbers that cannot be.
  void validate() const {
    if (factor > 0 && factor <= 1 && patience >= 0 && least >= 0 && least <= 1) return;
    throw ConfigError(detail::concat("a plateau needs a factor above 0 and at most 1, a patience of at least 0 and a ",
                                     "least between 0 and 1, but has ", factor, ", ", patience, " and ", least));
  }
};

namespace detail {

/// How long there was no progress, and what came of it. A part of a training's state.
struct Plateau {
  double factor = 1.0;
  std::int64_t waited = 0;  ///< evaluations

  /// After an evaluation; `is_best`: the mean score was better than ever.
  void note(bool is_best, const ReduceOnPlateau& options) {
    waited = is_best ? 0 : waited + 1;
    if (!options.is_on() || waited <= options.patience) return;
    factor = std::fmax(factor * options.factor, options.least);
    waited = 0;
  }

  template <StateVisitor V>
  void visit(V& visitor) {
    visitor.real("trainer/plateau/factor", factor);
    visitor.integer("trainer/plateau/waited", waited);
  }
};

}  // namespace detail
}  // namespace afd
