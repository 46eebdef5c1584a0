// SPDX-License-Identifier: MIT
// needs: torch
// expect: no term of the strategy trains one of the networks
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Strat = afd::Strategy<afd::CrossEntropy, afd::MutualKL>;
#else
using Strat = afd::Strategy<afd::MutualKL>;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{afd::topology::OneWay{}, Strat{}, a, b};
}
