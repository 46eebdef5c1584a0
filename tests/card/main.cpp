// SPDX-License-Identifier: MIT
// Tests on a CUDA card. Where there is none, or LibTorch cannot use it, the program ends with 77: skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include <torch/torch.h>

int main(int argc, char** argv) {
  if (!torch::cuda::is_available()) {
    std::puts("no card that LibTorch can use");
    return 77;
  }
  doctest::Context context(argc, argv);
  return context.run();
}
