// SPDX-License-Identifier: MIT
// The same pair, one step of it, with the headers that a loop of one's own needs.
#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

struct Net : torch::nn::Module {
  torch::nn::Linear head = register_module("head", torch::nn::Linear(3, 10));
  afd::Outputs forward(torch::Tensor x) { return {x, head(x.mean({2, 3}))}; }
};

int main() {
  Net a, b;
  afd::Batch batch{torch::randn({8, 3, 8, 8}), torch::zeros({8}, torch::kInt64)};
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  distiller.step(batch);
}
