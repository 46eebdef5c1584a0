// SPDX-License-Identifier: MIT
// needs: torch
// expect: the topology is for another number of networks than the Distiller was given
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Top = afd::topology::Cycle<2>;
#else
using Top = afd::topology::Cycle<3>;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{Top{}, afd::DeepMutualLearning{}, a, b};
}
