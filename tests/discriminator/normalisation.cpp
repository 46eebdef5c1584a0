// SPDX-License-Identifier: MIT
#include <afd/discriminator/normalisation.hpp>

#include <type_traits>

#include <torch/nn.h>
#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

namespace {

// A user's own policy: instance normalisation of maps, layer normalisation of vectors.
struct PerSampleNormalised {
  using Conv2d = torch::nn::Conv2d;
  using Linear = torch::nn::Linear;
  using Norm2d = torch::nn::InstanceNorm2d;
  using Norm1d = torch::nn::LayerNorm;
  static constexpr bool hidden_bias = false;
  [[nodiscard]] static Norm2d norm2d(std::int64_t channels) { return Norm2d(channels); }
  [[nodiscard]] static Norm1d norm1d(std::int64_t channels) { return Norm1d(torch::nn::LayerNormOptions({channels})); }
};
static_assert(afd::Normalisation<PerSampleNormalised> && !afd::NormalisesVolumes<PerSampleNormalised>);

struct PerSampleVolumes : PerSampleNormalised {
  using Conv3d = torch::nn::Conv3d;
  using Norm3d = torch::nn::InstanceNorm3d;
  [[nodiscard]] static Norm3d norm3d(std::int64_t channels) { return Norm3d(channels); }
};
static_assert(afd::Normalisation<PerSampleVolumes> && afd::NormalisesVolumes<PerSampleVolumes>);

struct WithoutBias : PerSampleNormalised {
  static constexpr struct {
  } hidden_bias{};
};
static_assert(!afd::NormalisationSaysBias<WithoutBias> && afd::NormalisationMakesNorms<WithoutBias>);
static_assert(!afd::NormalisationNamesLayers<int>);

static_assert(afd::Normalisation<afd::SpectralNormalised> && afd::Normalisation<afd::Unnormalised>);
static_assert(afd::NormalisesVolumes<afd::BatchNormalised> && afd::NormalisesVolumes<afd::SpectralNormalised> &&
              afd::NormalisesVolumes<afd::Unnormalised>);
static_assert(std::is_same_v<afd::SpectralNormalised::Conv2d, afd::SpectralNormConv2d>);
static_assert(std::is_same_v<afd::SpectralNormalised::Conv3d, afd::SpectralNormConv3d>);
static_assert(std::is_same_v<afd::SpectralNormalised::Linear, afd::SpectralNormLinear>);

}  // namespace

TEST_CASE("BatchNormalised centres and scales each channel over the batch") {
  torch::manual_seed(0);
  const torch::Tensor map = torch::randn({8, 3, 4, 4}, torch::kFloat) * 5 + 2;
  const torch::Tensor normed = afd::BatchNormalised::norm2d(3)->forward(map);
  CHECK(normed.transpose(0, 1).flatten(1).mean(1).abs().max().item<double>() < 1e-5);
  CHECK(torch::allclose(normed.square().transpose(0, 1).flatten(1).mean(1), torch::ones({3}), 1e-3, 1e-3));
  const torch::Tensor volume = afd::BatchNormalised::norm3d(3)->forward(torch::randn({8, 3, 2, 3, 4}) * 5 + 2);
  CHECK(volume.transpose(0, 1).flatten(1).mean(1).abs().max().item<double>() < 1e-5);
  const torch::Tensor vectors = afd::BatchNormalised::norm1d(3)->forward(torch::randn({64, 3}) * 5 + 2);
  CHECK(vectors.mean(0).abs().max().item<double>() < 1e-5);
}

TEST_CASE_TEMPLATE("policies that normalise no activations add nothing after a layer", Policy, afd::SpectralNormalised,
                   afd::Unnormalised) {
  const torch::Tensor map = torch::randn({2, 3, 4, 4});
  CHECK(Policy::norm2d(3)->forward(map).is_same(map));
  CHECK(Policy::norm3d(3)->forward(map).is_same(map));
  CHECK(Policy::norm1d(3)->forward(map).is_same(map));
  CHECK(Policy::norm2d(3)->parameters().empty());
}

TEST_CASE("a hidden layer has a bias unless its normalisation shifts") {
  CHECK_FALSE(afd::BatchNormalised::hidden_bias);
  CHECK(afd::SpectralNormalised::hidden_bias);
  CHECK(afd::Unnormalised::hidden_bias);
}

TEST_SUITE_END();
