// SPDX-License-Identifier: MIT
#pragma once

// How far a training is and how fast it goes: what schedules and the user say of it. A part of a run's state.

#include <cstddef>
#include <string>

#include <afd/detail/concat.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/options.hpp>

namespace afd::detail {

template <std::size_t N>
struct Pace {
  NetworkFactors<N> own{};        ///< the user's, see Distiller::scale_rates
  NetworkFactors<N> scheduled{};  ///< a trainer's, from its schedules
  TrainingProgress progress{};    ///< of losses with schedules of their own

  /// What rates are multiplied with.
  [[nodiscard]] NetworkFactors<N> factors() const {
    NetworkFactors<N> product = own;
    for (std::size_t k = 0; k < N; ++k) {
      product[k].logit *= scheduled[k].logit;
      product[k].feature *= scheduled[k].feature;
      product[k].discriminator *= scheduled[k].discriminator;
    }
    return product;
  }

  template <StateVisitor V>
  void visit(V& visitor) {
    const auto visit_factors = [&](const std::string& whose, NetworkFactors<N>& factors) {
      for (std::size_t k = 0; k < N; ++k) {
        const std::string key = concat("factors of ", whose, "/network ", k, ", ");
        visitor.real(key + "logit", factors[k].logit);
        visitor.real(key + "feature", factors[k].feature);
        visitor.real(key + "discriminator", factors[k].discriminator);
      }
    };
    visit_factors("the user", own);
    visit_factors("schedules", scheduled);
    visitor.real("progress/epoch", progress.epoch);
    visitor.real("progress/epochs", progress.epochs);
  }
};

}  // namespace afd::detail
