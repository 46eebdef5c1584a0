// SPDX-License-Identifier: MIT
// needs: torch
// expect: a const BatchLoader cannot be walked, for each walk goes on to the next epoch
#include <afd/data/loader.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Loader = afd::BatchLoader<>;
#else
using Loader = const afd::BatchLoader<>;
#endif

double use(afd::PlainCnn& network, Loader& test) {
  return afd::evaluate(test, network).networks[0].top1;
}
