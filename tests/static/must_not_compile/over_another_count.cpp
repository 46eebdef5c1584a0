// SPDX-License-Identifier: MIT
// needs: torch
// expect: a term is bound with afd::Over to a topology for another number of networks
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Term = afd::Over<afd::topology::AllPairs<2>, afd::MutualKL>;
#else
using Term = afd::Over<afd::topology::AllPairs<3>, afd::MutualKL>;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, Term>{}, a, b};
}
