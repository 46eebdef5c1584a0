// SPDX-License-Identifier: MIT
#include <afd/optim/cpu_or_torch.hpp>
//
#include <vector>

#include <afd/optim/sgd.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using torch::Tensor;

TEST_CASE("both ways take the same steps and follow the same rate") {
  const afd::Sgd sgd{.lr = 0.5, .momentum = 0.9, .weight_decay = 0.1};
  Tensor fused = torch::ones({4}, torch::requires_grad());
  // Not dense, so LibTorch's optimizer takes it.
  Tensor strided = torch::ones({8}).slice(0, 0, 8, 2).detach().requires_grad_();
  auto one = sgd.make({fused});
  auto other = sgd.make({strided});
  CHECK(one.is_fused());
  CHECK_FALSE(other.is_fused());
  for (int i = 0; i < 3; ++i) {
    if (i == 1) {
      one.scale_rate(0.1);
      other.scale_rate(0.1);
    }
    const std::vector<Tensor> gradient{torch::full({4}, 1.0 + i)};
    one.apply(gradient);
    other.apply(gradient);
  }
  CHECK(torch::allclose(fused, strided, 1e-6, 1e-7));
  CHECK(fused[0].item<float>() < 0.5);
}

TEST_SUITE_END();
