// SPDX-License-Identifier: MIT
// needs: torch
// expect: an optimizer policy needs make(std::vector<torch::Tensor> parameters) const
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Mine = afd::Adam;
#else
struct Mine {};
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, afd::DistillerOptions{.logit = Mine{}}, a,
                           b};
}
