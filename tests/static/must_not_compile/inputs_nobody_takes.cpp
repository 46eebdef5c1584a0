// SPDX-License-Identifier: MIT
// needs: torch
// expect: a network has no public forward that takes the batch's inputs
// expect g++: Inputs = std::tuple<at::Tensor, at::Tensor>
// expect clang: require_takes<std::reference_wrapper<TwoInputs>, std::tuple<at::Tensor, at::Tensor>>
#include <tuple>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

struct TwoInputs : torch::nn::Module {
#ifdef AFD_EXPECT_OK
  torch::Tensor forward(torch::Tensor image, torch::Tensor metadata) { return image + metadata; }
#else
  torch::Tensor forward(torch::Tensor image) { return image; }
#endif
};

void use(TwoInputs& a, TwoInputs& b, const afd::BasicBatch<std::tuple<torch::Tensor, torch::Tensor>>& batch) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  distiller.step(batch);
}
