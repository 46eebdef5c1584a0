// SPDX-License-Identifier: MIT
// needs: torch
// expect: the second argument of a Distiller must be an afd::Strategy of loss terms
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Strat = afd::Strategy<afd::CrossEntropy>;
#else
using Strat = afd::CrossEntropy;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{afd::topology::Pair{}, Strat{}, a, b};
}
