// SPDX-License-Identifier: MIT
// needs: torch
// expect: AnyNetwork keeps features as a tensor, but those of this network are afd::Tokens
#include <afd/network/any_network.hpp>

struct Out {
#ifdef AFD_EXPECT_OK
  torch::Tensor features;
#else
  afd::Tokens features;
#endif
  torch::Tensor logits;
};
struct Net : torch::nn::Module {
  Out forward(torch::Tensor inputs) { return {{inputs}, inputs}; }
};

void use(Net& net) {
  afd::AnyNetwork any(net);
}
