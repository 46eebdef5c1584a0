// SPDX-License-Identifier: MIT
#pragma once

// A discriminator of the mean over all places: blind to where features are, it compares how strong they are.

#include <cstdint>

#include <torch/nn/cloneable.h>
#include <torch/nn/options/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/discriminator/discriminator.hpp>
#include <afd/discriminator/feature_check.hpp>
#include <afd/discriminator/normalisation.hpp>
#include <afd/transfer/feature_shape.hpp>
#include <afd/transfer/registered.hpp>

namespace afd {

/// The module behind BasicMlpDiscriminator; submodules "hidden", "norm" and "score".
template <Normalisation Norm>
class MlpScoreImpl : public torch::nn::Cloneable<MlpScoreImpl<Norm>> {
 public:
  MlpScoreImpl(const FeatureShape& shape, std::int64_t width, double negative_slope)
      : shape_(shape), width_(width), negative_slope_(negative_slope) {
    MlpScoreImpl::reset();
  }

  void reset() override {
    hidden_ = detail::registered(
        *this, "hidden",
        typename Norm::Linear(torch::nn::LinearOptions(shape_.channels, width_).bias(Norm::hidden_bias)));
    norm_ = detail::registered(*this, "norm", Norm::norm1d(width_));
    score_ = detail::registered(*this, "score", typename Norm::Linear(torch::nn::LinearOptions(width_, 1)));
  }

  /// Features, channels first -> raw scores [N]. Throws ShapeError for features of another shape.
  torch::Tensor forward(const torch::Tensor& features) {
    const torch::Tensor pooled =
        detail::mean_over_places(detail::checked_features(features, shape_, "MlpDiscriminator"));
    const torch::Tensor hidden = torch::leaky_relu(norm_->forward(hidden_->forward(pooled)), negative_slope_);
    return score_->forward(hidden).flatten();
  }

 private:
  FeatureShape shape_;
  std::int64_t width_;
  double negative_slope_;
  typename Norm::Linear hidden_{nullptr};
  typename Norm::Norm1d norm_{nullptr};
  typename Norm::Linear score_{nullptr};
};

/// Global average pooling - Linear (C -> width) - normalisation - LeakyReLU - Linear (width -> 1): raw scores
/// [N]. `make` throws ShapeError for an empty shape, ConfigError for width < 1.
template <Normalisation Norm = Unnormalised>
struct BasicMlpDiscriminator {
  std::int64_t width = 64;      ///< hidden features
  double negative_slope = 0.2;  ///< of the LeakyReLU

  [[nodiscard]] torch::nn::ModuleHolder<MlpScoreImpl<Norm>> make(const FeatureShape& shape) const {
    detail::require_feature_shape(shape, "MlpDiscriminator");
    detail::require_hidden_width(width, "MlpDiscriminator");
    return torch::nn::ModuleHolder<MlpScoreImpl<Norm>>(shape, width, negative_slope);
  }
};

using MlpDiscriminator = BasicMlpDiscriminator<Unnormalised>;
using SpectralMlpDiscriminator = BasicMlpDiscriminator<SpectralNormalised>;

static_assert(Discriminator<MlpDiscriminator>);

}  // namespace afd
