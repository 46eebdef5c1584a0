// SPDX-License-Identifier: MIT
// The yardstick: LibTorch's own umbrella, and nothing done with it.
#include <torch/torch.h>

int main() {
  return torch::zeros({1}).dim() == 1 ? 0 : 1;
}
