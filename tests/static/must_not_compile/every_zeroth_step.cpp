// SPDX-License-Identifier: MIT
// needs: torch
// expect: afd: Every<N, Term> needs N >= 1: the term is computed in every N-th step
#include <afd/strategy/every.hpp>
#include <afd/strategy/mutual_kl.hpp>

#ifdef AFD_EXPECT_OK
afd::Every<1, afd::MutualKL> every;
#else
afd::Every<0, afd::MutualKL> every;
#endif
