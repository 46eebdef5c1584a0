// SPDX-License-Identifier: MIT
// needs: torch
// expect: a term of edges is given Networks with Over
#include <afd/strategy/recipes.hpp>
#include <afd/topology/networks.hpp>

#ifdef AFD_EXPECT_OK
using Term = afd::Over<afd::topology::Networks<0>, afd::CrossEntropy>;
#else
using Term = afd::Over<afd::topology::Networks<0>, afd::MutualKL>;
#endif

afd::Strategy<Term> strategy;
