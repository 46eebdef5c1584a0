// SPDX-License-Identifier: MIT
#pragma once

// A discriminator that scores every place of the features from its neighbourhood, instead of all as a whole.

#include <array>
#include <cstddef>
#include <cstdint>

#include <torch/nn/cloneable.h>
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

/// The module behind BasicPatchDiscriminator; submodules "conv", "norm" and "score".
template <Normalisation Norm, std::size_t Sides>
class PatchScoreImpl : public torch::nn::Cloneable<PatchScoreImpl<Norm, Sides>> {
 public:
  PatchScoreImpl(const FeatureShape& shape, std::int64_t width, double negative_slope)
      : shape_(shape), width_(width), negative_slope_(negative_slope) {
    PatchScoreImpl::reset();
  }

  void reset() override {
    const std::array<std::int64_t, Sides> sides = detail::layer_sides<Sides>(shape_);
    auto conv = detail::place_conv(shape_.channels, width_, sides, 3).bias(Norm::hidden_bias);
    conv_ = detail::registered(*this, "conv", Conv(conv));
    norm_ = detail::registered(*this, "norm", Layers::hidden(width_));
    score_ = detail::registered(*this, "score", Conv(detail::place_conv(width_, 1, sides, 3)));
  }

  /// Features, channels first -> raw scores of each place, [N, 1, H, W] or alike. Throws ShapeError for features of
  /// another shape.
  torch::Tensor forward(const torch::Tensor& features) {
    const torch::Tensor view = detail::layer_view(detail::checked_features(features, shape_, "PatchDiscriminator"));
    const torch::Tensor hidden = torch::leaky_relu(norm_->forward(conv_->forward(view)), negative_slope_);
    return detail::from_view(score_->forward(hidden), shape_);
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

/// Conv of 3 places a side (C -> width) - normalisation - LeakyReLU - Conv of 3 places a side (width -> 1), both padded
/// by 1: raw scores of each place, [N, 1, H, W] for maps, each seeing 5 places a side. Along a side of a single place
/// the kernels are 1. After the patch discriminators of Isola et al., 2017 (arXiv 1611.07004). With Sides = 3 it is for
/// volumes, else for all other features. `make` throws ShapeError for an empty shape and for one that takes the other
/// Sides, ConfigError for width < 1.
template <Normalisation Norm = BatchNormalised, std::size_t Sides = 2>
struct BasicPatchDiscriminator {
  std::int64_t width = 64;      ///< hidden channels
  double negative_slope = 0.2;  ///< of the LeakyReLU

  [[nodiscard]] torch::nn::ModuleHolder<PatchScoreImpl<Norm, Sides>> make(const FeatureShape& shape) const {
    detail::require_feature_shape(shape, "PatchDiscriminator");
    detail::require_sides(shape, Sides, "PatchDiscriminator");
    detail::require_hidden_width(width, "PatchDiscriminator");
    return torch::nn::ModuleHolder<PatchScoreImpl<Norm, Sides>>(shape, width, negative_slope);
  }
};

using PatchDiscriminator = BasicPatchDiscriminator<BatchNormalised>;
using SpectralPatchDiscriminator = BasicPatchDiscriminator<SpectralNormalised>;
using VolumePatchDiscriminator = BasicPatchDiscriminator<BatchNormalised, 3>;
using SpectralVolumePatchDiscriminator = BasicPatchDiscriminator<SpectralNormalised, 3>;

static_assert(Discriminator<PatchDiscriminator>);

}  // namespace afd
