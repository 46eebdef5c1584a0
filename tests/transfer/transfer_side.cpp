// SPDX-License-Identifier: MIT
#include <afd/transfer/transfer_side.hpp>
//
#include <cstdint>
#include <string>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

using afd::FeatureShape;
using afd::detail::SideLayers;
using afd::detail::TransferSide;
using torch::Tensor;

namespace {

TransferSide side(const FeatureShape& from, const FeatureShape& to, bool convolve, std::int64_t kernel = 1) {
  return TransferSide("student", from, afd::channels_first(from), to,
                      convolve ? SideLayers::rectified_conv : SideLayers::none, kernel);
}

/// Conv - BatchNorm - ReLU of the convolution's result [N, C, ...], with the statistics of this batch.
Tensor normed_relu(const Tensor& hidden) {
  const Tensor channels = hidden.transpose(0, 1).flatten(1);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(hidden.dim()), 1);
  shape[1] = hidden.size(1);
  const Tensor mean = channels.mean(1).view(shape), variance = channels.var(1, false).view(shape);
  return ((hidden - mean) / (variance + 1e-5).sqrt()).relu();
}

}  // namespace

TEST_CASE("a side that needs nothing returns its features, whatever their rank") {
  for (const FeatureShape& shape :
       {FeatureShape{3, {}}, FeatureShape{3, {4}}, FeatureShape{3, {4, 2}}, FeatureShape{3, {2, 3, 4}}}) {
    CAPTURE(shape);
    const Tensor features = torch::randn(shape.sizes(2));
    CHECK(side(shape, shape, false)->forward(features).is_same(features));
  }
}

TEST_CASE("a side that must shrink averages places") {
  const Tensor sequence = torch::randn({2, 3, 6}), map = torch::randn({2, 3, 4, 6}),
               volume = torch::randn({2, 3, 4, 2, 6});
  CHECK(torch::allclose(side({3, {6}}, {3, {2}}, false)->forward(sequence), sequence.view({2, 3, 2, 3}).mean(3)));
  CHECK(torch::allclose(side({3, {4, 6}}, {3, {2, 3}}, false)->forward(map), torch::avg_pool2d(map, 2)));
  CHECK(torch::allclose(side({3, {4, 2, 6}}, {3, {2, 1, 3}}, false)->forward(volume), torch::avg_pool3d(volume, 2)));
}

TEST_CASE("next to a vector a side averages all of its places to a vector") {
  for (const FeatureShape& shape : {FeatureShape{3, {6}}, FeatureShape{3, {4, 2}}, FeatureShape{3, {2, 3, 4}}}) {
    CAPTURE(shape);
    const Tensor features = torch::randn(shape.sizes(2));
    const Tensor result = side(shape, {3, {}}, false)->forward(features);
    REQUIRE(result.sizes() == torch::IntArrayRef({2, 3}));
    CHECK(torch::allclose(result, features.flatten(2).mean(2), 1e-5, 1e-6));
  }
  const Tensor one_place = torch::randn({2, 3, 1, 1});
  CHECK(side({3, {1, 1}}, {3, {}}, false)->forward(one_place).equal(one_place.flatten(1)));
}

TEST_CASE("features are laid out on the places that they are taken to have") {
  const Tensor tokens = torch::randn({2, 12, 3});  // N, L, C
  const FeatureShape flat = afd::feature_shape(afd::Tokens{tokens}),
                     grid = afd::feature_shape(afd::Tokens{tokens, 4, 3});
  const Tensor as_map =
      TransferSide("student", flat, FeatureShape{3, {4, 3}}, FeatureShape{3, {4, 3}}, SideLayers::none, 1)
          ->forward(tokens.transpose(1, 2));
  CHECK(as_map.equal(tokens.view({2, 4, 3, 3}).permute({0, 3, 1, 2})));
  const Tensor pooled =
      TransferSide("student", flat, FeatureShape{3, {4, 3}}, FeatureShape{3, {2, 1}}, SideLayers::none, 1)
          ->forward(tokens.transpose(1, 2));
  CHECK(torch::allclose(pooled, torch::avg_pool2d(as_map.contiguous(), {2, 3})));
  const Tensor as_sequence =
      TransferSide("student", grid, FeatureShape{3, {12}}, FeatureShape{3, {12}}, SideLayers::none, 1)
          ->forward(afd::channels_first(afd::Tokens{tokens, 4, 3}));
  CHECK(as_sequence.equal(tokens.transpose(1, 2)));
}

TEST_CASE("a convolution over the features' sides brings channels to the other side's and ends in a ReLU") {
  torch::manual_seed(0);
  const auto convolved = [](const Tensor& x, const Tensor& weight) {  // kernels of 3, padded; of 1 for volumes
    if (x.dim() == 2) return torch::mm(x, weight.flatten(1).t());
    if (x.dim() == 3) return torch::conv1d(x, weight.squeeze(2), {}, 1, 1);
    return x.dim() == 4 ? torch::conv2d(x, weight, {}, 1, 1) : torch::conv3d(x, weight.unsqueeze(2));
  };
  for (const FeatureShape& shape :
       {FeatureShape{3, {}}, FeatureShape{3, {6}}, FeatureShape{3, {4, 5}}, FeatureShape{3, {2, 3, 4}}}) {
    CAPTURE(shape);
    FeatureShape to = shape;
    to.channels = 5;
    TransferSide layers = side(shape, to, true, shape.rank == 3 ? 1 : 3);
    const Tensor features = torch::randn(shape.sizes(4)).requires_grad_();
    const Tensor before = features.detach().clone();
    const Tensor result = layers->forward(features);
    CHECK(to.describes(result));
    const Tensor weight = layers->named_parameters()["layers.conv.weight"];
    CHECK(torch::allclose(result, normed_relu(convolved(features, weight)), 1e-3, 1e-4));
    CHECK(result.min().item<double>() == 0);
    CHECK(result.max().item<double>() > 0);
    CHECK(torch::equal(features.detach(), before));
    (result * torch::randn_like(result)).sum().backward();
    CHECK(features.grad().abs().max().item<double>() > 0);
    for (const Tensor& parameter : layers->parameters()) CHECK(parameter.grad().abs().max().item<double>() > 0);
  }
}

TEST_CASE("kernels span the sides that there are") {
  const auto kernel = [](const FeatureShape& shape) {
    const std::int64_t size = shape.rank == 3 ? 1 : 3;
    return side(shape, shape, true, size)->named_parameters()["layers.conv.weight"].sizes().slice(2).vec();
  };
  CHECK(kernel({2, {}}) == std::vector<std::int64_t>{1, 1});
  CHECK(kernel({2, {6}}) == std::vector<std::int64_t>{1, 3});
  CHECK(kernel({2, {4, 1}}) == std::vector<std::int64_t>{3, 3});
  CHECK(kernel({2, {2, 2, 2}}) == std::vector<std::int64_t>{1, 1});
}

TEST_CASE("maps are convolved by the layers, and from the random numbers, that LibTorch's own would take") {
  torch::manual_seed(4);
  TransferSide layers = side({3, {4, 4}}, {5, {2, 2}}, true, 3);
  const Tensor next = torch::rand({1});
  torch::manual_seed(4);
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(3, 5, 3).padding(1).bias(false));
  torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
  torch::nn::BatchNorm2d norm(5);
  CHECK(next.equal(torch::rand({1})));
  const Tensor map = torch::randn({2, 3, 4, 4});
  CHECK(layers->forward(map).equal(norm->forward(conv->forward(torch::adaptive_avg_pool2d(map, {2, 2}))).relu()));
  std::vector<std::string> names;
  for (const auto& parameter : layers->named_parameters()) names.push_back(parameter.key());
  CHECK(names == std::vector<std::string>{"layers.conv.weight", "layers.norm.weight", "layers.norm.bias"});
}

TEST_CASE("volumes are pooled as such, and convolved from the random numbers that a 3-D convolution would take") {
  torch::manual_seed(4);
  TransferSide layers = side({3, {4, 2, 6}}, {5, {2, 2, 3}}, true);
  const Tensor next = torch::rand({1});
  torch::manual_seed(4);
  torch::nn::Conv3d conv(torch::nn::Conv3dOptions(3, 5, 1).bias(false));
  torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
  torch::nn::BatchNorm3d norm(5);
  CHECK(next.equal(torch::rand({1})));
  const Tensor volume = torch::randn({2, 3, 4, 2, 6});
  const std::vector<std::int64_t> sides = {2, 2, 3};
  const Tensor expected = norm->forward(conv->forward(torch::adaptive_avg_pool3d(volume, sides))).relu();
  CHECK(torch::allclose(layers->forward(volume), expected, 1e-4, 1e-5));
  CHECK(torch::allclose(layers->named_buffers()["layers.norm.running_var"], norm->running_var, 1e-4, 1e-5));
  const Tensor last = volume.contiguous(torch::MemoryFormat::ChannelsLast3d);
  CHECK(torch::allclose(layers->forward(last), expected, 1e-4, 1e-5));
}

TEST_CASE("features of another shape than promised are refused, with the side's name") {
  const FeatureShape map{3, {4, 4}}, small{3, {2, 2}};
  TransferSide layers("teacher", map, map, small, SideLayers::none, 1);
  CHECK_THROWS_WITH_AS(
      layers->forward(torch::zeros({2, 3, 5, 4})),
      doctest::Contains("of the teacher were made for features of shape [3, 4, 4] but were given [2, 3, 5, 4]"),
      afd::ShapeError);
  CHECK_THROWS_WITH_AS(layers->forward(torch::zeros({2, 3, 5, 4})), doctest::Contains("images must keep the size"),
                       afd::ShapeError);
  CHECK_THROWS_AS(layers->forward(torch::zeros({2, 4, 4, 4})), afd::ShapeError);
  CHECK_THROWS_AS(layers->forward(torch::zeros({3, 4, 4})), afd::ShapeError);
  CHECK_THROWS_AS(layers->forward(torch::zeros({2, 3, 16})), afd::ShapeError);  // as many numbers, but no map
  TransferSide tokens("student", afd::feature_shape(afd::Tokens{torch::zeros({1, 16, 3})}), map, small,
                      SideLayers::none, 1);
  CHECK_THROWS_WITH_AS(tokens->forward(torch::zeros({2, 3, 4, 4})), doctest::Contains("tokens [16, 3]"),
                       afd::ShapeError);
}

TEST_CASE("kernels must be odd, and of a single place for volumes") {
  using afd::detail::require_kernel;
  CHECK_THROWS_WITH_AS(require_kernel(2, {3, {4, 4}}, "StudentConv"), doctest::Contains("StudentConv: kernel_size"),
                       afd::ConfigError);
  CHECK_THROWS_AS(require_kernel(-1, {3, {}}, "x"), afd::ConfigError);
  CHECK_THROWS_AS(require_kernel(4, {3, {2, 4, 4}}, "x"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(require_kernel(3, {3, {2, 4, 4}}, "StudentConv"),
                       "StudentConv: volumes [3, 2, 4, 4] are convolved with kernel_size 1 only, but it is 3; tap "
                       "another stage, or write a transfer policy: see afd/transfer/transfer.hpp",
                       afd::ConfigError);
  CHECK_NOTHROW(require_kernel(5, {3, {4, 4}}, "x"));
  CHECK_NOTHROW(require_kernel(1, {3, {2, 4, 4}}, "x"));
}

TEST_SUITE_END();
