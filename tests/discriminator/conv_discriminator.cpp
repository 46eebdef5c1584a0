// SPDX-License-Identifier: MIT
#include <afd/discriminator/conv_discriminator.hpp>

#include <string>
#include <vector>

#include <torch/types.h>

#include "discriminator/conformance.hpp"
#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

namespace {

using torch::Tensor;

/// Input and parameters against finite differences. Spectral layers move u in training: eval for those.
template <class Policy>
double gradient_error(const Policy& policy, bool training, const afd::FeatureShape& shape = {2, {4, 5}}) {
  torch::manual_seed(3);
  auto module = policy.make(shape);
  module->to(torch::kDouble);
  module->train(training);
  std::vector<Tensor> inputs = module->parameters();
  inputs.push_back(torch::randn(shape.sizes(3), torch::kDouble));
  const auto loss = [&](const std::vector<Tensor>& t) { return module->forward(t.back()).square().mean(); };
  return afd_test::max_gradient_error(loss, inputs);
}

}  // namespace

TEST_CASE_TEMPLATE("conv discriminators conform", Policy, afd::ConvDiscriminator, afd::SpectralConvDiscriminator,
                   afd::BasicConvDiscriminator<afd::Unnormalised>) {
  afd_test::check_flat_discriminator(Policy{.width = 8});
}

TEST_CASE_TEMPLATE("volumes' conv discriminators conform", Policy, afd::VolumeConvDiscriminator,
                   afd::SpectralVolumeConvDiscriminator) {
  afd_test::check_volume_discriminator(Policy{.width = 8});
}

TEST_CASE("volumes have a conv discriminator of their own, and each names the other") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::ConvDiscriminator{}.make({3, {2, 4, 5}})),
                       doctest::Contains("use afd::VolumeConvDiscriminator"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::SpectralVolumeConvDiscriminator{}.make({3, {4, 5}})),
                       doctest::Contains("use afd::ConvDiscriminator"), afd::ShapeError);
}

TEST_CASE("ConvDiscriminator is Conv - BatchNorm - LeakyReLU - Conv, one score per sample") {
  torch::manual_seed(1);
  auto module = afd::ConvDiscriminator{.width = 6, .negative_slope = 0.3}.make({3, {8, 7}});
  const Tensor map = torch::randn({5, 3, 8, 7});
  const auto p = module->named_parameters();
  CHECK(p["conv.weight"].sizes() == torch::IntArrayRef({6, 3, 3, 3}));
  CHECK(p["score.weight"].sizes() == torch::IntArrayRef({1, 6, 4, 4}));

  const Tensor hidden = torch::conv2d(map, p["conv.weight"], Tensor(), 2, 1);
  const Tensor channels = hidden.transpose(0, 1).flatten(1);
  const Tensor mean = channels.mean(1).view({1, 6, 1, 1});
  const Tensor variance = (hidden - mean).square().transpose(0, 1).flatten(1).mean(1).view({1, 6, 1, 1});
  const Tensor normed = (hidden - mean) / (variance + 1e-5).sqrt();  // scale 1 and shift 0 at the start
  const Tensor active = torch::where(normed > 0, normed, 0.3 * normed);
  const Tensor expected = (active * p["score.weight"]).flatten(1).sum(1) + p["score.bias"];

  const Tensor scores = module->forward(map);
  CHECK(scores.sizes() == torch::IntArrayRef({5}));
  CHECK(torch::allclose(scores, expected, 1e-4, 1e-5));
}

TEST_CASE("ConvDiscriminator of vectors is an MLP") {
  torch::manual_seed(1);
  auto module = afd::BasicConvDiscriminator<afd::Unnormalised>{.width = 6, .negative_slope = 0.3}.make({3, {}});
  const Tensor vectors = torch::randn({5, 3});
  const auto p = module->named_parameters();
  const Tensor hidden = torch::mm(vectors, p["conv.weight"].view({6, 3}).t()) + p["conv.bias"];
  const Tensor expected = torch::mv(torch::leaky_relu(hidden, 0.3), p["score.weight"].flatten()) + p["score.bias"];
  CHECK(torch::allclose(module->forward(vectors), expected, 1e-5, 1e-6));
}

TEST_CASE("conv discriminators of sequences and volumes convolve along their sides") {
  torch::manual_seed(1);
  auto flat = afd::BasicConvDiscriminator<afd::Unnormalised>{.width = 6, .negative_slope = 0.3}.make({3, {9}});
  auto p = flat->named_parameters();
  const Tensor sequences = torch::randn({5, 3, 9});
  Tensor hidden = torch::leaky_relu(torch::conv1d(sequences, p["conv.weight"].squeeze(2), p["conv.bias"], 2, 1), 0.3);
  CHECK(torch::allclose(flat->forward(sequences),
                        (hidden * p["score.weight"].squeeze(2)).flatten(1).sum(1) + p["score.bias"], 1e-4, 1e-5));

  auto solid =
      afd::BasicConvDiscriminator<afd::Unnormalised, 3>{.width = 6, .negative_slope = 0.3}.make({3, {4, 5, 6}});
  p = solid->named_parameters();
  const Tensor volumes = torch::randn({5, 3, 4, 5, 6});
  hidden = torch::leaky_relu(torch::conv3d(volumes, p["conv.weight"], p["conv.bias"], 2, 1), 0.3);
  CHECK(torch::allclose(solid->forward(volumes), (hidden * p["score.weight"]).flatten(1).sum(1) + p["score.bias"], 1e-4,
                        1e-5));
}

TEST_CASE("the stride is 2, and 1 where a side is 2 or 3 long") {
  const auto kernel = [](const afd::FeatureShape& shape, const char* name) {
    const auto sizes = [name](auto module) { return module->named_parameters()[name].sizes().slice(2).vec(); };
    return shape.rank == 3 ? sizes(afd::VolumeConvDiscriminator{.width = 4}.make(shape))
                           : sizes(afd::ConvDiscriminator{.width = 4}.make(shape));
  };
  using Sizes = std::vector<std::int64_t>;
  CHECK(kernel({2, {4, 4}}, "score.weight") == Sizes{2, 2});
  CHECK(kernel({2, {8, 7}}, "score.weight") == Sizes{4, 4});
  CHECK(kernel({2, {3, 3}}, "score.weight") == Sizes{3, 3});
  CHECK(kernel({2, {3, 9}}, "score.weight") == Sizes{3, 9});
  CHECK(kernel({2, {9}}, "score.weight") == Sizes{1, 5});
  CHECK(kernel({2, {3}}, "score.weight") == Sizes{1, 3});
  CHECK(kernel({2, {}}, "score.weight") == Sizes{1, 1});
  CHECK(kernel({2, {4, 6, 8}}, "score.weight") == Sizes{2, 3, 4});
  CHECK(kernel({2, {2, 6, 8}}, "score.weight") == Sizes{2, 6, 8});
  // A single place along a side: nothing but padding would lie under the rest of a kernel of 3.
  CHECK(kernel({2, {3, 9}}, "conv.weight") == Sizes{3, 3});
  CHECK(kernel({2, {1, 9}}, "conv.weight") == Sizes{1, 3});
  CHECK(kernel({2, {9, 1}}, "conv.weight") == Sizes{3, 1});
  CHECK(kernel({2, {1, 4, 6}}, "conv.weight") == Sizes{1, 3, 3});
}

TEST_CASE("conv discriminators' gradients match finite differences") {
  CHECK(gradient_error(afd::ConvDiscriminator{.width = 3}, true) < 1e-7);
  CHECK(gradient_error(afd::ConvDiscriminator{.width = 3}, false) < 1e-7);
  CHECK(gradient_error(afd::SpectralConvDiscriminator{.width = 3}, false) < 1e-7);
  CHECK(gradient_error(afd::BasicConvDiscriminator<afd::Unnormalised>{.width = 3}, true) < 1e-7);
  for (const afd::FeatureShape& shape : {afd::FeatureShape{2, {}}, {2, {5}}}) {
    CAPTURE(shape);
    CHECK(gradient_error(afd::ConvDiscriminator{.width = 3}, true, shape) < 1e-7);
    CHECK(gradient_error(afd::SpectralConvDiscriminator{.width = 3}, false, shape) < 1e-7);
  }
  CHECK(gradient_error(afd::VolumeConvDiscriminator{.width = 3}, true, {2, {2, 3, 4}}) < 1e-7);
  CHECK(gradient_error(afd::SpectralVolumeConvDiscriminator{.width = 3}, false, {2, {2, 3, 4}}) < 1e-7);
}

TEST_CASE("a checkpoint's keys of conv discriminators") {
  CHECK(afd_test::state_names(*afd::ConvDiscriminator{}.make({2, {4, 4}})) ==
        std::vector<std::string>{"conv.weight", "norm.weight", "norm.bias", "score.weight", "score.bias",
                                 "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"});
  CHECK(afd_test::state_names(*afd::VolumeConvDiscriminator{}.make({2, {4, 4, 4}})) ==
        afd_test::state_names(*afd::ConvDiscriminator{}.make({2, {4, 4}})));
  CHECK(afd_test::state_names(*afd::SpectralConvDiscriminator{}.make({2, {4, 4}})) ==
        std::vector<std::string>{"conv.weight", "conv.bias", "score.weight", "score.bias", "conv.u", "score.u"});
}

TEST_CASE("maps take the layers, and the random numbers, that LibTorch's own would") {
  torch::manual_seed(4);
  auto module = afd::ConvDiscriminator{.width = 6}.make({3, {8, 7}});
  torch::manual_seed(4);
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(3, 6, 3).stride(2).padding(1).bias(false));
  torch::nn::BatchNorm2d norm(6);
  torch::nn::Conv2d score(torch::nn::Conv2dOptions(6, 1, {4, 4}));
  const Tensor map = torch::randn({5, 3, 8, 7});
  const Tensor expected = score->forward(torch::leaky_relu(norm->forward(conv->forward(map)), 0.2)).flatten();
  CHECK(module->forward(map).equal(expected));
}

TEST_CASE("a conv discriminator needs a hidden channel") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::ConvDiscriminator{.width = 0}.make({2, {4, 4}})),
                       doctest::Contains("ConvDiscriminator: width"), afd::ConfigError);
}

TEST_SUITE_END();
