// SPDX-License-Identifier: MIT
// needs: torch
// expect: the first argument of a Distiller must be a topology, e.g. afd::topology::Pair{}
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Top = afd::topology::Pair;
#else
using Top = int;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{Top{}, afd::DeepMutualLearning{}, a, b};
}
