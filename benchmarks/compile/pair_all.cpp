// SPDX-License-Identifier: MIT
// A minimal pair that is trained, with everything of the library included.
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

struct Net : torch::nn::Module {
  torch::nn::Linear head = register_module("head", torch::nn::Linear(3, 10));
  afd::Outputs forward(torch::Tensor x) { return {x, head(x.mean({2, 3}))}; }
};

int main() {
  Net a, b;
  std::vector<afd::Batch> batches{{torch::randn({8, 3, 8, 8}), torch::zeros({8}, torch::kInt64)}};
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  afd::Trainer{distiller, {.epochs = 1}}.fit(batches, batches);
}
