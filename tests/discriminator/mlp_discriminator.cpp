// SPDX-License-Identifier: MIT
#include <afd/discriminator/mlp_discriminator.hpp>

#include <torch/csrc/autograd/autograd.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

TEST_CASE_TEMPLATE("MlpDiscriminator scores maps of any size, differentiably", Policy, afd::MlpDiscriminator,
                   afd::SpectralMlpDiscriminator) {
  torch::manual_seed(1);
  for (const std::int64_t size : {1, 2, 7, 8}) {
    auto model = Policy{.width = 8}.make({4, size, size});
    const auto map = torch::randn({3, 4, size, size}).requires_grad_();
    const auto scores = model->forward(map);
    CHECK(scores.sizes() == torch::IntArrayRef({3}));
    std::vector<torch::Tensor> inputs = model->parameters();
    inputs.push_back(map);
    for (const auto& gradient : torch::autograd::grad({scores.square().sum()}, inputs)) CHECK(gradient.defined());
    CHECK_THROWS_AS(model->forward(torch::randn({3, 5, size, size})), afd::ShapeError);
  }
}

TEST_SUITE_END();
