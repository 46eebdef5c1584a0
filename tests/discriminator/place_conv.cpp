// SPDX-License-Identifier: MIT
#include <afd/discriminator/place_conv.hpp>

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <torch/nn.h>
#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

namespace {

using namespace afd::detail;
using Sizes = std::vector<std::int64_t>;

// A policy from before volumes.
struct FlatOnly {
  using Conv2d = torch::nn::Conv2d;
  using Linear = torch::nn::Linear;
  using Norm2d = torch::nn::Identity;
  using Norm1d = torch::nn::Identity;
  static constexpr bool hidden_bias = true;
  [[nodiscard]] static Norm2d norm2d(std::int64_t) { return Norm2d(); }
  [[nodiscard]] static Norm1d norm1d(std::int64_t) { return Norm1d(); }
};
static_assert(afd::Normalisation<FlatOnly> && !afd::NormalisesVolumes<FlatOnly>);
static_assert(std::is_same_v<PlaceLayers<FlatOnly, 2>::Conv, torch::nn::Conv2d>);
static_assert(std::is_same_v<PlaceLayers<afd::BatchNormalised, 2>::Hidden, afd::SyncBatchNorm2d>);
static_assert(std::is_same_v<PlaceLayers<afd::BatchNormalised, 3>::Hidden, afd::SyncBatchNorm3d>);
static_assert(std::is_same_v<PlaceLayers<afd::SpectralNormalised, 3>::Conv, afd::SpectralNormConv3d>);

}  // namespace

TEST_CASE("the number of sides chooses what follows a hidden convolution") {
  const torch::Tensor map = torch::randn({4, 3, 5, 6}), volume = torch::randn({4, 3, 2, 5, 6});
  const auto of_maps = PlaceLayers<afd::BatchNormalised, 2>::hidden(3)->forward(map);
  const auto of_volumes = PlaceLayers<afd::BatchNormalised, 3>::hidden(3)->forward(volume);
  CHECK(of_maps.mean({0, 2, 3}).abs().max().item<double>() < 1e-5);
  CHECK(of_volumes.mean({0, 2, 3, 4}).abs().max().item<double>() < 1e-5);
}

TEST_CASE("kernels are 1 along sides of a single place, and padding keeps the sides") {
  const auto flat = place_conv<2>(2, 5, {4, 1}, 3);
  CHECK(Sizes(flat.kernel_size()->begin(), flat.kernel_size()->end()) == Sizes{3, 1});
  const auto solid = place_conv<3>(2, 5, {1, 2, 7}, 3);
  CHECK(Sizes(solid.kernel_size()->begin(), solid.kernel_size()->end()) == Sizes{1, 3, 3});
  torch::nn::Conv2d of_map(flat);
  torch::nn::Conv3d of_volume(solid);
  CHECK(of_map->forward(torch::zeros({6, 2, 4, 1})).sizes() == torch::IntArrayRef({6, 5, 4, 1}));
  CHECK(of_volume->forward(torch::zeros({6, 2, 1, 2, 7})).sizes() == torch::IntArrayRef({6, 5, 1, 2, 7}));
}

TEST_CASE("volumes, and only they, are convolved over three sides") {
  for (const afd::FeatureShape& shape : {afd::FeatureShape{3, {}}, {3, {4}}, {3, {4, 5}}}) {
    CAPTURE(shape);
    CHECK_NOTHROW(require_sides(shape, 2, "ConvDiscriminator"));
    CHECK_THROWS_AS(require_sides(shape, 3, "ConvDiscriminator"), afd::ShapeError);
  }
  CHECK_NOTHROW(require_sides({3, {2, 4, 5}}, 3, "ConvDiscriminator"));
  CHECK_THROWS_WITH_AS(require_sides({3, {4, 5}}, 3, "ConvDiscriminator"),
                       "VolumeConvDiscriminator is for volumes, but was given [3, 4, 5]; use afd::ConvDiscriminator",
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(require_sides({3, {2, 4, 5}}, 2, "ConvDiscriminator"),
                       "ConvDiscriminator is not for volumes [3, 2, 4, 5]; use afd::VolumeConvDiscriminator, which is "
                       "afd::BasicConvDiscriminator<afd::BatchNormalised, 3>",
                       afd::ShapeError);
}

TEST_SUITE_END();
