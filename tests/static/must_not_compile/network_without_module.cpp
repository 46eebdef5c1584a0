// SPDX-License-Identifier: MIT
// needs: torch
// expect: it is neither a class derived from torch::nn::Module nor a TORCH_MODULE holder
#include <afd/network/network.hpp>

#ifdef AFD_EXPECT_OK
struct Net : torch::nn::Module {
#else
struct Net {
#endif
  afd::Outputs forward(torch::Tensor inputs) { return {inputs, inputs}; }
};

void use() {
  afd::detail::require_network<Net>();
}
