// SPDX-License-Identifier: MIT
// needs: torch
// expect: a term is in WeightedEdges twice
#include <afd/strategy/every.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/strategy/weighted_edges.hpp>

#ifdef AFD_EXPECT_OK
using Term = afd::WeightedEdges<2, afd::Every<2, afd::MutualKL>>;
#else
using Term = afd::WeightedEdges<2, afd::Every<2, afd::WeightedEdges<2, afd::MutualKL>>>;
#endif

afd::Strategy<Term> strategy;
