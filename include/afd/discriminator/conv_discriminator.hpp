// SPDX-License-Identifier: MIT
#pragma once

// The method's discriminator: Conv - BatchNorm - LeakyReLU - Conv over all that remains, one score per
// sample.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <torch/nn/cloneable.h>
#include <torch/nn/options/conv.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/discriminator/discriminator.hpp>
#include <afd/discriminator/feature_check.hpp>
#include <afd/discriminator/normalisation.hpp>
#include <afd/discriminator/place_conv.hpp>
#include <afd/transfer/feature_shape.hpp>
#include <afd/transfer/layer_view.hpp>
#include <afd/transfer/registered.hpp>

namespace afd {

/// The module behind BasicConvDiscriminator; submodules "conv", "norm" and "score".
template <Normalisation Norm, std::size_t Sides>
class ConvScoreImpl : public torch::nn::Cloneable<ConvScoreImpl<Norm, Sides>> {
 public:
  ConvScoreImpl(const FeatureShape& shape, std::int64_t width, double negative_slope)
      : shape_(shape), width_(width), negative_slope_(negative_slope) {
    ConvScoreImpl::reset();
  }

  void reset() override {
    std::array<std::int64_t, Sides> sides = detail::layer_sides<Sides>(shape_);
    const bool short_side = std::any_of(sides.begin(), sides.end(), [](auto side) { return side > 1 && side < 4; });
    const std::int64_t stride = short_side ? 1 : 2;
    auto conv = detail::place_conv(shape_.channels, width_, sides, 3).stride(stride).bias(Norm::hidden_bias);
    conv_ = detail::registered(*this, "conv", Conv(conv));
    norm_ = detail::registered(*this, "norm", Layers::hidden(width_));
    for (std::int64_t& side : sides) side = (side - 1) / stride + 1;
    score_ = detail::registered(*this, "score", Conv(torch::nn::ConvOptions<Sides>(width_, 1, sides)));
  }

  /// Features, channels first -> raw scores [N]. Throws ShapeError for features of another shape.
  torch::Tensor forward(const torch::Tensor& features) {
    const torch::Tensor view = detail::layer_view(detail::checked_features(features, shape_, "ConvDiscriminator"));
    const torch::Tensor hidden = torch::leaky_relu(norm_->forward(conv_->forward(view)), negative_slope_);
    return score_->forward(hidden).flatten();
  }

 private:
  using Layers = detail::PlaceLayers<Norm, Sides>;
  using Conv = typename Layers::Conv;

  FeatureShape shape_;
  std::int64_t width_;
  double negative_slope_;
  Conv conv_{nullptr};
  typename Layers::Hidden norm_{nullptr};
  Conv score_{nullptr};
};

/// Conv of 3 places a side (C -> width; stride 2, or 1 if a side is 2 or 3 long) - normalisation - LeakyReLU - Conv
/// over all the remaining places (width -> 1): raw scores [N]. Along a side of a single place, as in vectors, the
/// kernel is 1. The stack follows Chung et al., ICML 2020 (arXiv 2002.01775); kernel sizes, stride, width and slope are
/// not given there and are this library's. With Sides = 3 it is for volumes, else for all other features. `make` throws
/// ShapeError for an empty shape and for one that takes the other Sides, ConfigError for width < 1.
template <Normalisation Norm = BatchNormalised, std::size_t Sides = 2>
struct BasicConvDiscriminator {
  std::int64_t width = 64;      ///< hidden channels
  double negative_slope = 0.2;  ///< of the LeakyReLU

  [[nodiscard]] torch::nn::ModuleHolder<ConvScoreImpl<Norm, Sides>> make(const FeatureShape& shape) const {
    detail::require_feature_shape(shape, "ConvDiscriminator");
    detail::require_sides(shape, Sides, "ConvDiscriminator");
    detail::require_hidden_width(width, "ConvDiscriminator");
    return torch::nn::ModuleHolder<ConvScoreImpl<Norm, Sides>>(shape, width, negative_slope);
  }
};

using ConvDiscriminator = BasicConvDiscriminator<BatchNormalised>;
using SpectralConvDiscriminator = BasicConvDiscriminator<SpectralNormalised>;
using VolumeConvDiscriminator = BasicConvDiscriminator<BatchNormalised, 3>;
using SpectralVolumeConvDiscriminator = BasicConvDiscriminator<SpectralNormalised, 3>;

static_assert(Discriminator<ConvDiscriminator>);

}  // namespace afd
