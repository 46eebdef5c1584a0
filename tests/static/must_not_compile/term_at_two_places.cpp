// SPDX-License-Identifier: MIT
// needs: torch
// expect: a term is in At twice
#include <afd/strategy/recipes.hpp>

#ifdef AFD_EXPECT_OK
using Term = afd::At<1, afd::Every<2, afd::AttentionTransfer>>;
#else
using Term = afd::At<1, afd::Every<2, afd::At<0, afd::AttentionTransfer>>>;
#endif

afd::Strategy<Term> strategy;
