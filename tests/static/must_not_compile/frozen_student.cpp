// SPDX-License-Identifier: MIT
// needs: torch
// expect: a frozen network is the student of an edge, or is named in afd::topology::Networks, but it is never
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Top = afd::topology::OneWay;
#else
using Top = afd::topology::Pair;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{Top{}, afd::DeepMutualLearning{}, afd::frozen(a), b};
}
