// SPDX-License-Identifier: MIT
#include <afd/discriminator/spectral_norm.hpp>

#include <vector>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/error.hpp>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

namespace {

using doctest::Approx;
using torch::Tensor;

double largest_singular_value(const Tensor& weight) {
  return torch::linalg_svdvals(weight.detach().flatten(1)).max().item<double>();
}

/// A layer of each kind in double, with an input it takes.
struct LinearCase {
  using Layer = afd::SpectralNormLinear;
  static Layer layer() { return Layer(4, 3); }
  static torch::nn::Linear plain() { return torch::nn::Linear(4, 3); }
  static Tensor input() { return torch::randn({5, 4}, torch::kDouble); }
};
struct ConvCase {
  using Layer = afd::SpectralNormConv2d;
  static auto options() { return torch::nn::Conv2dOptions(2, 3, 3).stride(2).padding(1); }
  static Layer layer() { return Layer(options()); }
  static torch::nn::Conv2d plain() { return torch::nn::Conv2d(options()); }
  static Tensor input() { return torch::randn({2, 2, 5, 4}, torch::kDouble); }
};
struct VolumeCase {
  using Layer = afd::SpectralNormConv3d;
  static auto options() { return torch::nn::Conv3dOptions(2, 3, {1, 3, 2}).stride(2).padding({0, 1, 1}); }
  static Layer layer() { return Layer(options()); }
  static torch::nn::Conv3d plain() { return torch::nn::Conv3d(options()); }
  static Tensor input() { return torch::randn({2, 2, 2, 3, 4}, torch::kDouble); }
};

}  // namespace

TEST_CASE_TEMPLATE("spectral normalisation", Case, LinearCase, ConvCase, VolumeCase) {
  torch::manual_seed(0);
  auto layer = Case::layer();
  layer->to(torch::kDouble);
  const Tensor input = Case::input();

  SUBCASE("brings the largest singular value to 1, whatever the weight's scale") {
    const torch::NoGradGuard no_grad;
    layer->weight.mul_(37.0);
    for (int i = 0; i < 200; ++i) layer->forward(input);
    layer->eval();
    CHECK(largest_singular_value(layer->normalised_weight()) == Approx(1.0).epsilon(1e-10));
    CHECK(torch::allclose(layer->normalised_weight() * largest_singular_value(layer->weight), layer->weight));
  }
  SUBCASE("is close from the start, before any training step") {
    layer->eval();
    CHECK(largest_singular_value(layer->normalised_weight()) == Approx(1.0).epsilon(0.05));
  }
  SUBCASE("runs one power iteration per training forward and none in evaluation") {
    const torch::NoGradGuard no_grad;
    layer->weight.normal_();  // so that the next iteration has something to do
    const Tensor matrix = layer->weight.flatten(1);
    const Tensor before = layer->u.clone();
    layer->eval();
    layer->forward(input);
    CHECK(torch::equal(layer->u, before));
    layer->train();
    layer->forward(input);
    const Tensor v =
        torch::nn::functional::normalize(matrix.t().mv(before), torch::nn::functional::NormalizeFuncOptions().dim(0));
    const Tensor next =
        torch::nn::functional::normalize(matrix.mv(v), torch::nn::functional::NormalizeFuncOptions().dim(0));
    CHECK(torch::allclose(layer->u, next, 1e-12, 1e-12));
    CHECK_FALSE(torch::allclose(before, next, 1e-6, 1e-6));
  }
  SUBCASE("computes what LibTorch's layer computes with the normalised weight") {
    const torch::NoGradGuard no_grad;
    auto plain = Case::plain();
    plain->to(torch::kDouble);
    layer->eval();
    plain->weight.copy_(layer->normalised_weight());
    plain->bias.copy_(layer->bias);
    CHECK(torch::allclose(layer->forward(input), plain->forward(input), 1e-12, 1e-12));
  }
  SUBCASE("starts as LibTorch's layer does") {
    torch::manual_seed(7);
    auto seeded = Case::layer();
    torch::manual_seed(7);
    auto plain = Case::plain();
    CHECK(torch::equal(seeded->weight, plain->weight));
    CHECK(torch::equal(seeded->bias, plain->bias));
  }
  SUBCASE("has exact gradients to weight, bias and input for fixed u") {
    layer->eval();
    const auto loss = [&](const std::vector<Tensor>& t) { return layer->forward(t[2]).tanh().square().mean(); };
    CHECK(afd_test::max_gradient_error(loss, {layer->weight, layer->bias, input}) < 1e-8);
  }
  SUBCASE("has exact gradients in training too, once the iteration has converged") {
    const auto loss = [&](const std::vector<Tensor>& t) { return layer->forward(t[1]).tanh().square().mean(); };
    for (int i = 0; i < 500; ++i) layer->forward(input);
    CHECK(afd_test::max_gradient_error(loss, {layer->weight, input}) < 1e-6);
  }
  SUBCASE("lets real and fake pass before one backward, with the gradients of two separate ones") {
    const Tensor real = Case::input();
    const Tensor fake = Case::input();
    const Tensor start = layer->u.clone();
    const auto objective = [&](const Tensor& maps) { return layer->forward(maps).square().mean(); };
    const auto restart = [&] {
      const torch::NoGradGuard no_grad;
      layer->u.copy_(start);
    };
    layer->weight.detach().normal_();  // far from converged: each forward really moves u

    const Tensor of_real = objective(real);  // in this order: each forward advances u
    (of_real - 2 * objective(fake)).backward();
    const Tensor together = layer->weight.grad().clone();

    restart();
    layer->weight.mutable_grad() = Tensor();
    objective(real).backward();
    (-2 * objective(fake)).backward();
    CHECK(torch::allclose(together, layer->weight.grad(), 1e-12, 1e-12));
    CHECK(together.abs().max().item<double>() > 1e-3);
  }
  SUBCASE("the gradient is blind to the weight's own direction: W / sigma does not change with scale") {
    layer->forward(input).square().mean().backward();
    for (int i = 0; i < 500; ++i) layer->forward(input);
    layer->weight.mutable_grad() = Tensor();
    layer->forward(input).square().mean().backward();
    CHECK((layer->weight.grad() * layer->weight).sum().template item<double>() == Approx(0.0).epsilon(1e-10));
  }
  SUBCASE("recovers from a weight that was zero for a while") {
    const torch::NoGradGuard no_grad;
    const Tensor weight = layer->weight.clone();
    layer->weight.zero_();
    CHECK(layer->forward(input).isfinite().all().template item<bool>());
    CHECK(layer->u.norm().template item<double>() == Approx(1.0).epsilon(1e-6));  // a float's, from its making
    layer->weight.copy_(weight);
    for (int i = 0; i < 200; ++i) layer->forward(input);
    CHECK(largest_singular_value(layer->normalised_weight()) == Approx(1.0).epsilon(1e-8));
  }
  SUBCASE("keeps u out of the parameters and follows a change of dtype and a clone") {
    CHECK(layer->parameters().size() == 2);
    CHECK(layer->named_buffers().contains("u"));
    CHECK_FALSE(layer->u.requires_grad());
    CHECK((layer->u.scalar_type() == torch::kDouble));
    const auto clone = layer->clone();
    CHECK(torch::equal(clone->named_buffers()["u"], layer->u));
    CHECK_FALSE(clone->named_buffers()["u"].is_same(layer->u));
  }
}

TEST_CASE("spectral layers without bias have none") {
  afd::SpectralNormConv2d conv(torch::nn::Conv2dOptions(2, 3, 3).bias(false));
  afd::SpectralNormLinear linear(torch::nn::LinearOptions(4, 3).bias(false));
  CHECK(conv->parameters().size() == 1);
  CHECK(linear->parameters().size() == 1);
  CHECK(conv->forward(torch::zeros({1, 2, 3, 3})).abs().max().item<float>() == 0.0F);
  CHECK(linear->forward(torch::zeros({1, 4})).abs().max().item<float>() == 0.0F);
}

TEST_CASE("a padding mode that is not implemented is refused, not ignored") {
  CHECK_THROWS_WITH_AS(
      afd::SpectralNormConv2d(torch::nn::Conv2dOptions(2, 3, 3).padding(1).padding_mode(torch::kReflect)),
      doctest::Contains("SpectralNormConv2d pads with zeros only"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(
      afd::SpectralNormConv3d(torch::nn::Conv3dOptions(2, 3, 3).padding(1).padding_mode(torch::kReplicate)),
      doctest::Contains("SpectralNormConv3d pads with zeros only"), afd::ConfigError);
}

TEST_SUITE_END();
