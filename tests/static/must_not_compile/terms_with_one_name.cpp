// SPDX-License-Identifier: MIT
// needs: torch
// expect: two terms of the strategy have the same name
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Second = afd::Named<"warm_kl", afd::MutualKL>;
#else
using Second = afd::MutualKL;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::MutualKL, Second>{}, a, b};
}
