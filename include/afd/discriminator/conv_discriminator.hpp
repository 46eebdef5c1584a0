// SPDX-License-Identifier: MIT
#pragma once

// The method's discriminator: Conv - BatchNorm - LeakyReLU - Conv over all that remains, one score per
// sample.

#include <algorithm>
#include <cstdint>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/discriminator/discriminator.hpp>
#include <afd/discriminator/map_check.hpp>
#include <afd/discriminator/normalisation.hpp>
#include <afd/transfer/map_shape.hpp>

namespace afd {

/// The module behind BasicConvDiscriminator; submodules "conv", "norm" and "score".
template <Normalisation Norm>
class ConvScoreImpl : public torch::nn::Cloneable<ConvScoreImpl<Norm>> {
 public:
  ConvScoreImpl(MapShape shape, std::int64_t width, double negative_slope)
      : shape_(shape), width_(width), negative_slope_(negative_slope) {
    ConvScoreImpl::reset();
  }

  void reset() override {
    const std::int64_t stride = std::min(shape_.height, shape_.width) < 4 ? 1 : 2;
    const auto halved = [stride](std::int64_t side) { return (side - 1) / stride + 1; };
    conv_ = this->register_module(
        "conv",
        typename Norm::Conv2d(
            torch::nn::Conv2dOptions(shape_.channels, width_, 3).stride(stride).padding(1).bias(Norm::hidden_bias)));
    norm_ = this->register_module("norm", Norm::norm2d(width_));
    score_ = this->register_module("score", typename Norm::Conv2d(torch::nn::Conv2dOptions(
                                                width_, 1, {halved(shape_.height), halved(shape_.width)})));
  }

  /// Maps [N, C, H, W] -> raw scores [N]. Throws ShapeError for maps of another shape.
  torch::Tensor forward(const torch::Tensor& features) {
    const torch::Tensor map = detail::checked_map(features, shape_, "ConvDiscriminator");
    const torch::Tensor hidden = torch::leaky_relu(norm_->forward(conv_->forward(map)), negative_slope_);
    return score_->forward(hidden).flatten();
  }

 private:
  MapShape shape_;
  std::int64_t width_;
  double negative_slope_;
  typename Norm::Conv2d conv_{nullptr};
  typename Norm::Norm2d norm_{nullptr};
  typename Norm::Conv2d score_{nullptr};
};

/// Conv 3x3 (C -> width; stride 2, or 1 if a side of the map is below 4) - normalisation - LeakyReLU - Conv
/// over the whole remaining map (width -> 1): raw scores [N]. The stack follows Chung et al., ICML 2020
/// (arXiv 2002.01775); kernel sizes, stride, width and slope are not given there and are this library's.
/// `make` throws ShapeError for an empty shape, ConfigError for width < 1.
template <Normalisation Norm = BatchNormalised>
struct BasicConvDiscriminator {
  std::int64_t width = 64;      ///< hidden channels
  double negative_slope = 0.2;  ///< of the LeakyReLU

  [[nodiscard]] torch::nn::ModuleHolder<ConvScoreImpl<Norm>> make(MapShape shape) const {
    detail::require_map_shape(shape, "ConvDiscriminator");
    detail::require_hidden_width(width, "ConvDiscriminator");
    return torch::nn::ModuleHolder<ConvScoreImpl<Norm>>(shape, width, negative_slope);
  }
};

using ConvDiscriminator = BasicConvDiscriminator<BatchNormalised>;
using SpectralConvDiscriminator = BasicConvDiscriminator<SpectralNormalised>;

static_assert(Discriminator<ConvDiscriminator>);
static_assert(Discriminator<SpectralConvDiscriminator>);
static_assert(Discriminator<BasicConvDiscriminator<Unnormalised>>);

}  // namespace afd
