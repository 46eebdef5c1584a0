// SPDX-License-Identifier: MIT
#pragma once

// How a discriminator's layers are kept in range: a policy that names the layer types to build it from and
// the normalisation that follows each hidden layer.

#include <concepts>
#include <cstdint>

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/options/conv.h>
#include <torch/nn/options/linear.h>
#include <torch/types.h>

#include <afd/discriminator/spectral_norm.hpp>
#include <afd/network/sync_batch_norm.hpp>

namespace afd {

/// 1. `Conv2d` and `Linear` name the holders of the layers, made from LibTorch's options.
template <class N>
concept NormalisationNamesLayers = std::constructible_from<typename N::Conv2d, torch::nn::Conv2dOptions> &&
                                   std::constructible_from<typename N::Linear, torch::nn::LinearOptions>;

/// 2. `norm2d(channels)` and `norm1d(channels)` make what follows a hidden convolution or linear layer;
///    `Norm2d` and `Norm1d` name their types. Vectors and sequences pass convolutions as maps of 1 x 1 and 1 x L.
template <class N>
concept NormalisationMakesNorms = requires(const torch::Tensor& hidden) {
  { N::norm2d(std::int64_t{1}) } -> std::same_as<typename N::Norm2d>;
  { N::norm1d(std::int64_t{1}) } -> std::same_as<typename N::Norm1d>;
  { N::norm2d(std::int64_t{1})->forward(hidden) } -> std::convertible_to<torch::Tensor>;
  { N::norm1d(std::int64_t{1})->forward(hidden) } -> std::convertible_to<torch::Tensor>;
};

/// 3. `hidden_bias` says whether the hidden layer needs a bias, or the normalisation brings its own shift.
template <class N>
concept NormalisationSaysBias = requires {
  { N::hidden_bias } -> std::convertible_to<bool>;
};

/// 4. For the discriminators of volumes alone: `Conv3d`, and `norm3d(channels)`, which makes a `Norm3d`. A policy
///    without them is one still, for all other features.
template <class N>
concept NormalisesVolumes =
    std::constructible_from<typename N::Conv3d, torch::nn::Conv3dOptions> && requires(const torch::Tensor& hidden) {
      { N::norm3d(std::int64_t{1}) } -> std::same_as<typename N::Norm3d>;
      { N::norm3d(std::int64_t{1})->forward(hidden) } -> std::convertible_to<torch::Tensor>;
    };

/// Not required: that anything is normalised, that norms have parameters, or that the policy is ever an object.
template <class N>
concept Normalisation = NormalisationNamesLayers<N> && NormalisationMakesNorms<N> && NormalisationSaysBias<N>;

// The functions of the policies below are templates, so that a program compiles only those that it calls.

/// Batch normalisation after each hidden layer, the method's own choice. Real and fake features pass in separate
/// batches, each with its own statistics. Training needs more than one value per channel (N * places > 1).
struct BatchNormalised {
  using Conv2d = torch::nn::Conv2d;
  using Conv3d = torch::nn::Conv3d;
  using Linear = torch::nn::Linear;
  using Norm2d = SyncBatchNorm2d;
  using Norm3d = SyncBatchNorm3d;
  using Norm1d = SyncBatchNorm1d;
  static constexpr bool hidden_bias = false;
  [[nodiscard]] static Norm2d norm2d(auto channels) { return Norm2d(channels); }
  [[nodiscard]] static Norm3d norm3d(auto channels) { return Norm3d(channels); }
  [[nodiscard]] static Norm1d norm1d(auto channels) { return Norm1d(channels); }
};

/// Every layer, the last one too, divides its weight by its largest singular value; nothing depends on the
/// batch. The score's slope is then bounded, which unbounded objectives (Hinge) count on.
struct SpectralNormalised {
  using Conv2d = SpectralNormConv2d;
  using Conv3d = SpectralNormConv3d;
  using Linear = SpectralNormLinear;
  using Norm2d = torch::nn::Identity;
  using Norm3d = torch::nn::Identity;
  using Norm1d = torch::nn::Identity;
  static constexpr bool hidden_bias = true;
  [[nodiscard]] static Norm2d norm2d(auto) { return Norm2d(); }
  [[nodiscard]] static Norm3d norm3d(auto) { return Norm3d(); }
  [[nodiscard]] static Norm1d norm1d(auto) { return Norm1d(); }
};

/// Plain layers.
struct Unnormalised {
  using Conv2d = torch::nn::Conv2d;
  using Conv3d = torch::nn::Conv3d;
  using Linear = torch::nn::Linear;
  using Norm2d = torch::nn::Identity;
  using Norm3d = torch::nn::Identity;
  using Norm1d = torch::nn::Identity;
  static constexpr bool hidden_bias = true;
  [[nodiscard]] static Norm2d norm2d(auto) { return Norm2d(); }
  [[nodiscard]] static Norm3d norm3d(auto) { return Norm3d(); }
  [[nodiscard]] static Norm1d norm1d(auto) { return Norm1d(); }
};

static_assert(Normalisation<BatchNormalised>);

}  // namespace afd
