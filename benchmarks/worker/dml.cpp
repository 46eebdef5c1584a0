// SPDX-License-Identifier: MIT
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>

#include "worker/distiller_step.hpp"

worker::Step worker::dml_step(const Cell& cell) {
  using namespace afd::topology;
  switch (cell.networks.size()) {
    case 2:
      return make_step<AllPairs<2>, afd::DeepMutualLearning>(cell);
    case 3:
      return make_step<AllPairs<3>, afd::DeepMutualLearning>(cell);
    case 4:
      return make_step<AllPairs<4>, afd::DeepMutualLearning>(cell);
    case 8:
      return make_step<AllPairs<8>, afd::DeepMutualLearning>(cell);
    default:
      return {};
  }
}
