// SPDX-License-Identifier: MIT
#include <afd/network/conv_norm.hpp>
//
#include <cmath>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("he_conv keeps the map's size at stride 1, has no bias, and draws weights of the right spread") {
  torch::manual_seed(0);
  torch::nn::Conv2d conv = afd::detail::he_conv(8, 64, 3);
  CHECK_FALSE(conv->bias.defined());
  CHECK(conv->forward(torch::zeros({1, 8, 7, 5})).sizes() == torch::IntArrayRef({1, 64, 7, 5}));
  const double spread = conv->weight.std().item<double>();
  CHECK(spread == doctest::Approx(std::sqrt(2.0 / (9 * 64))).epsilon(0.05));  // fan-out: 9 * 64
  CHECK(afd::detail::he_conv(8, 4, 1, 2)->forward(torch::zeros({1, 8, 7, 5})).sizes() ==
        torch::IntArrayRef({1, 4, 4, 3}));
}

TEST_CASE("kernels may differ by side") {
  torch::manual_seed(0);
  torch::nn::Conv2d flat = afd::detail::he_conv(8, 64, {1, 3});
  CHECK(flat->weight.sizes() == torch::IntArrayRef({64, 8, 1, 3}));
  CHECK(flat->forward(torch::zeros({1, 8, 1, 5})).sizes() == torch::IntArrayRef({1, 64, 1, 5}));
  CHECK(flat->weight.std().item<double>() == doctest::Approx(std::sqrt(2.0 / (3 * 64))).epsilon(0.05));
}

TEST_CASE("ConvNorm normalises the convolution's result, and its result may be changed in place") {
  torch::manual_seed(0);
  afd::detail::ConvNorm layer(2, 3, 3, 2);
  const torch::Tensor inputs = torch::randn({4, 2, 6, 6}, torch::requires_grad());
  const torch::Tensor result = layer->forward(inputs);
  CHECK(result.sizes() == torch::IntArrayRef({4, 3, 3, 3}));
  CHECK(result.mean({0, 2, 3}).abs().max().item<double>() < 1e-5);
  layer->forward(inputs).relu_().sum().backward();  // would throw if autograd needed what relu_ overwrote
  CHECK(inputs.grad().abs().max().item<double>() > 0);
}

TEST_SUITE_END();
