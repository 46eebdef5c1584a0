// SPDX-License-Identifier: MIT
#include <utility>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>

#include "worker/distiller_step.hpp"

worker::Step worker::afd_cycle_step(const Cell& cell) {
  using namespace afd::topology;
  switch (cell.networks.size()) {
    case 2:
      if (cell.defer) {
        return make_step<Cycle<2>, afd::AdversarialFeatureDistillation>(
            cell, afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}, .layout = cell.layout},
            std::make_index_sequence<2>{});
      }
      return make_step<Cycle<2>, afd::AdversarialFeatureDistillation>(cell);
    case 3:
      return make_step<Cycle<3>, afd::AdversarialFeatureDistillation>(cell);
    case 4:
      return make_step<Cycle<4>, afd::AdversarialFeatureDistillation>(cell);
    case 8:
      return make_step<Cycle<8>, afd::AdversarialFeatureDistillation>(cell);
    default:
      return {};
  }
}
