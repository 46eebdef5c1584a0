// SPDX-License-Identifier: MIT
// needs: torch
// expect: forward(torch::Tensor) returns one tensor, but features and logits are needed from the same pass
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

struct Net : torch::nn::Module {
#ifdef AFD_EXPECT_OK
  afd::Outputs forward(torch::Tensor inputs) { return {inputs, inputs}; }
#else
  torch::Tensor forward(torch::Tensor inputs) { return inputs; }
#endif
};

void use(Net& a, Net& b) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
}
