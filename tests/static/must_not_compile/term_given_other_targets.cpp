// SPDX-License-Identifier: MIT
// needs: torch
// expect: loss of this Term cannot be called as torch::Tensor loss(read, targets) const
// expect g++: Targets = Truth
// expect clang: require_network_term<afd::CrossEntropy, afd::PlainCnn, at::Tensor, Truth>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

struct Truth {
  torch::Tensor labels;
  torch::Tensor boxes;
};

#ifdef AFD_EXPECT_OK
using Recipe = afd::Strategy<afd::Against<&Truth::labels, afd::CrossEntropy>>;
#else
using Recipe = afd::Strategy<afd::CrossEntropy>;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b, const afd::BasicBatch<torch::Tensor, Truth>& batch) {
  afd::Distiller distiller{afd::topology::Pair{}, Recipe{}, a, b};
  distiller.step(batch);
}
