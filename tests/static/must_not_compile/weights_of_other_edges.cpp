// SPDX-License-Identifier: MIT
// needs: torch
// expect: needs a weight for each edge of the term's topology
#include <afd/step/distiller.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/weighted_edges.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Term = afd::WeightedEdges<2, afd::MutualKL>;
#else
using Term = afd::WeightedEdges<3, afd::MutualKL>;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Term>{}, a, b};
}
