// SPDX-License-Identifier: MIT
#pragma once

// A discriminator that scores every place of the map from its neighbourhood, instead of the map as a whole.

#include <cstdint>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/discriminator/discriminator.hpp>
#include <afd/discriminator/map_check.hpp>
#include <afd/discriminator/normalisation.hpp>
#include <afd/transfer/map_shape.hpp>

namespace afd {

/// The module behind BasicPatchDiscriminator; submodules "conv", "norm" and "score".
template <Normalisation Norm>
class PatchScoreImpl : public torch::nn::Cloneable<PatchScoreImpl<Norm>> {
 public:
  PatchScoreImpl(MapShape shape, std::int64_t width, double negative_slope)
      : shape_(shape), width_(width), negative_slope_(negative_slope) {
    PatchScoreImpl::reset();
  }

  void reset() override {
    conv_ = this->register_module(
        "conv",
        typename Norm::Conv2d(torch::nn::Conv2dOptions(shape_.channels, width_, 3).padding(1).bias(Norm::hidden_bias)));
    norm_ = this->register_module("norm", Norm::norm2d(width_));
    score_ = this->register_module("score", typename Norm::Conv2d(torch::nn::Conv2dOptions(width_, 1, 3).padding(1)));
  }

  /// Maps [N, C, H, W] -> raw scores [N, 1, H, W]. Throws ShapeError for maps of another shape.
  torch::Tensor forward(const torch::Tensor& features) {
    const torch::Tensor map = detail::checked_map(features, shape_, "PatchDiscriminator");
    return score_->forward(torch::leaky_relu(norm_->forward(conv_->forward(map)), negative_slope_));
  }

 private:
  MapShape shape_;
  std::int64_t width_;
  double negative_slope_;
  typename Norm::Conv2d conv_{nullptr};
  typename Norm::Norm2d norm_{nullptr};
  typename Norm::Conv2d score_{nullptr};
};

/// Conv 3x3 (C -> width) - normalisation - LeakyReLU - Conv 3x3 (width -> 1), both padded by 1: raw scores
/// [N, 1, H, W], each seeing 5x5 places. After the patch discriminators of Isola et al., 2017 (arXiv
/// 1611.07004). `make` throws ShapeError for an empty shape, ConfigError for width < 1.
template <Normalisation Norm = BatchNormalised>
struct BasicPatchDiscriminator {
  std::int64_t width = 64;      ///< hidden channels
  double negative_slope = 0.2;  ///< of the LeakyReLU

  [[nodiscard]] torch::nn::ModuleHolder<PatchScoreImpl<Norm>> make(MapShape shape) const {
    detail::require_map_shape(shape, "PatchDiscriminator");
    detail::require_hidden_width(width, "PatchDiscriminator");
    return torch::nn::ModuleHolder<PatchScoreImpl<Norm>>(shape, width, negative_slope);
  }
};

using PatchDiscriminator = BasicPatchDiscriminator<BatchNormalised>;
using SpectralPatchDiscriminator = BasicPatchDiscriminator<SpectralNormalised>;

static_assert(Discriminator<PatchDiscriminator>);
static_assert(Discriminator<SpectralPatchDiscriminator>);
static_assert(Discriminator<BasicPatchDiscriminator<Unnormalised>>);

}  // namespace afd
