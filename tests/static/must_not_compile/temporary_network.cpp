// SPDX-License-Identifier: MIT
// needs: torch
// expect: a temporary module would be gone before it is used
#include <afd/network/network_handle.hpp>

struct Net : torch::nn::Module {};

void use() {
  Net net;
#ifdef AFD_EXPECT_OK
  static_cast<void>(afd::network_handle(net));
#else
  static_cast<void>(afd::network_handle(Net()));
#endif
}
