// SPDX-License-Identifier: MIT
// needs: torch
// expect: this Term reads features of this Network, but its forward returns one tensor
// expect g++: Network = std::reference_wrapper<Net>
// expect g++: Term = afd::AttentionTransfer
// expect clang: require_read<afd::AttentionTransfer, afd::Features, std::reference_wrapper<Net>, at::Tensor>
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

void use(Net& a, Net& b, const afd::Batch& batch) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::AttentionDistillation{}, a, b};
  distiller.step(batch);
}
