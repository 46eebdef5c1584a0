// SPDX-License-Identifier: MIT
// needs: torch
// expect: the batch has afd::Views of its samples, but not one for each network
#include <afd/data/views.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Inputs = afd::Views<torch::Tensor, torch::Tensor, torch::Tensor>;
#else
using Inputs = afd::Views<torch::Tensor, torch::Tensor>;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b, afd::PlainCnn& c, const afd::BasicBatch<Inputs>& batch) {
  afd::Distiller distiller{afd::topology::Cycle<3>{}, afd::DeepMutualLearning{}, a, b, c};
  distiller.step(batch);
}
