// SPDX-License-Identifier: MIT
#include <afd/detail/autocast.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

namespace {

torch::Dtype product_dtype() {
  return torch::mm(torch::ones({2, 2}), torch::ones({2, 2})).scalar_type();
}

}  // namespace

TEST_CASE("products are in bfloat16 while it lives, nested or left by an exception, and not after") {
  CHECK((product_dtype() == torch::kFloat32));
  {
    const afd::detail::Autocast outer(torch::kCPU);
    CHECK((product_dtype() == torch::kBFloat16));
    {
      const afd::detail::Autocast inner(torch::kCPU);
    }
    CHECK((product_dtype() == torch::kBFloat16));
  }
  CHECK((product_dtype() == torch::kFloat32));
  try {
    const afd::detail::Autocast guard(torch::kCPU);
    throw 1;
  } catch (int) {
  }
  CHECK((product_dtype() == torch::kFloat32));
}

TEST_CASE("a weight that changes in between is converted again") {
  const torch::NoGradGuard no_grad;
  torch::nn::Linear layer(torch::nn::LinearOptions(2, 2).bias(false));
  const auto output = [&] {
    const torch::AutoGradMode grad(true);
    const afd::detail::Autocast guard(torch::kCPU);
    return layer->forward(torch::ones({1, 2})).to(torch::kFloat32).sum().item<double>();
  };
  layer->weight.fill_(1);
  CHECK(output() == 4);
  layer->weight.fill_(2);
  CHECK(output() == 8);
}

TEST_SUITE_END();
