// SPDX-License-Identifier: MIT
// needs: torch
// expect: this term has a loss of each network
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/strategy/weighted_edges.hpp>

#ifdef AFD_EXPECT_OK
using Term = afd::WeightedEdges<2, afd::MutualKL>;
#else
using Term = afd::WeightedEdges<2, afd::CrossEntropy>;
#endif

afd::Strategy<Term> strategy;
