// SPDX-License-Identifier: MIT
// needs: torch
// expect: a term of edges would never be computed, for its topology has no edge
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/single.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Recipe = afd::Alone;
#else
using Recipe = afd::DeepMutualLearning;
#endif

void use(afd::PlainCnn& network) {
  afd::Distiller distiller{afd::topology::Single{}, Recipe{}, network};
}
