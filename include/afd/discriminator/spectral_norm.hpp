// SPDX-License-Identifier: MIT
#pragma once

// Convolution and linear layers whose weight is divided by its largest singular value, which bounds the slope
// of the discriminator they build. T. Miyato et al., Spectral Normalization for GANs, ICLR 2018 (arXiv
// 1802.05957).
//
// The weight W, as a matrix with one row per output, is replaced by W / sigma with sigma = u^T W v, where u
// and v follow the first singular vectors by power iteration: v = W^T u / |.|, u = W v / |.|. One iteration
// runs in each training forward, without gradient; evaluation uses u as it is. u and v are constants to
// autograd, so the gradient goes through W alone: d sigma / dW = u v^T. For a convolution sigma is that of
// the reshaped kernel, as in the paper, not of the convolution as an operator.

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <type_traits>
#include <utility>

#include <torch/nn/cloneable.h>
#include <torch/nn/functional/conv.h>
#include <torch/nn/functional/linear.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/options/conv.h>
#include <torch/nn/options/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

namespace detail {

inline constexpr int initial_power_iterations = 15;

inline torch::Tensor unit_vector(const torch::Tensor& vector) {
  return vector / vector.norm().clamp_min(1e-12);
}

/// `iterations` steps of the power iteration on `u`, in place; returns the last v (with 0 steps: that of
/// `u`).
inline torch::Tensor power_iteration(const torch::Tensor& matrix, torch::Tensor& u, int iterations) {
  const torch::NoGradGuard no_grad;
  torch::Tensor v = unit_vector(torch::mv(matrix.t(), u));
  for (int i = 0; i < iterations; ++i) {
    if (i > 0) v = unit_vector(torch::mv(matrix.t(), u));
    const torch::Tensor next = unit_vector(torch::mv(matrix, v));
    u.copy_(torch::where(next.norm() > 0, next, u));  // a zero weight must not leave a zero u for good
  }
  return v;
}

/// A random unit vector near the first left singular vector of `weight`.
inline torch::Tensor initial_left_vector(const torch::Tensor& weight) {
  const torch::NoGradGuard no_grad;
  torch::Tensor u = unit_vector(torch::randn({weight.size(0)}, weight.options().requires_grad(false)));
  power_iteration(weight.flatten(1), u, initial_power_iterations);
  return u;
}

/// weight / sigma; advances `u` by one iteration if `training`.
inline torch::Tensor spectrally_normalised(const torch::Tensor& weight, torch::Tensor& u, bool training) {
  const torch::Tensor matrix = weight.flatten(1);
  const torch::Tensor v = power_iteration(matrix, u, training ? 1 : 0);
  // The graph saves a copy of u: the next forward overwrites u, possibly before this one's backward.
  const torch::Tensor sigma = torch::dot(u.clone(), torch::mv(matrix, v));
  return weight / sigma.clamp_min(1e-12);
}

}  // namespace detail

/// A convolution over two or three sides with spectral normalisation; options, initialisation and shapes of
/// torch::nn::Conv2d or Conv3d, zero padding only. Parameters "weight" and "bias", buffer "u". Throws ConfigError for
/// another padding mode.
template <std::size_t Sides>
class SpectralNormConvImpl : public torch::nn::Cloneable<SpectralNormConvImpl<Sides>> {
  static_assert(Sides == 2 || Sides == 3, "afd: a sequence [N, C, L] is convolved as [N, C, 1, L]");

 public:
  explicit SpectralNormConvImpl(torch::nn::ConvOptions<Sides> conv_options) : options(std::move(conv_options)) {
    const torch::nn::ConvOptions<Sides> zero_padded(1, 1, 1);
    if (options.padding_mode().index() != zero_padded.padding_mode().index()) {
      throw ConfigError(
          detail::concat("SpectralNormConv", Sides, "d pads with zeros only; pad the input yourself for another mode"));
    }
    SpectralNormConvImpl::reset();
  }

  void reset() override {
    const std::conditional_t<Sides == 2, torch::nn::Conv2d, torch::nn::Conv3d> plain(options);  // for initialisation
    weight = this->register_parameter("weight", plain->weight);
    bias = this->register_parameter("bias", plain->bias, options.bias());
    u = this->register_buffer("u", detail::initial_left_vector(weight));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto how = torch::nn::functional::ConvFuncOptions<Sides>()
                         .bias(bias)
                         .stride(options.stride())
                         .padding(options.padding())
                         .dilation(options.dilation())
                         .groups(options.groups());
    if constexpr (Sides == 2) {
      return torch::nn::functional::conv2d(input, normalised_weight(), how);
    } else {
      return torch::nn::functional::conv3d(input, normalised_weight(), how);
    }
  }

  /// The weight the forward uses, W / sigma. In training mode each call advances the power iteration by one.
  torch::Tensor normalised_weight() { return detail::spectrally_normalised(weight, u, this->is_training()); }

  void pretty_print(std::ostream& stream) const override {
    stream << "afd::SpectralNormConv" << Sides << "d(" << options.in_channels() << ", " << options.out_channels()
           << ", kernel_size=" << options.kernel_size() << ", stride=" << options.stride() << ')';
  }

  torch::nn::ConvOptions<Sides> options;
  torch::Tensor weight;
  torch::Tensor bias;  ///< undefined if options.bias() is false
  torch::Tensor u;     ///< estimate of the first left singular vector, [out_channels]
};

using SpectralNormConv2d = torch::nn::ModuleHolder<SpectralNormConvImpl<2>>;
using SpectralNormConv3d = torch::nn::ModuleHolder<SpectralNormConvImpl<3>>;

/// A linear layer with spectral normalisation; otherwise like torch::nn::Linear. Parameters "weight" and
/// "bias", buffer "u".
class SpectralNormLinearImpl : public torch::nn::Cloneable<SpectralNormLinearImpl> {
 public:
  SpectralNormLinearImpl(std::int64_t in_features, std::int64_t out_features)
      : SpectralNormLinearImpl(torch::nn::LinearOptions(in_features, out_features)) {}

  explicit SpectralNormLinearImpl(const torch::nn::LinearOptions& linear_options) : options(linear_options) {
    SpectralNormLinearImpl::reset();
  }

  void reset() override {
    const torch::nn::Linear plain(options);  // for LibTorch's own initialisation
    weight = register_parameter("weight", plain->weight);
    bias = register_parameter("bias", plain->bias, options.bias());
    u = register_buffer("u", detail::initial_left_vector(weight));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    return torch::nn::functional::linear(input, normalised_weight(), bias);
  }

  /// The weight the forward uses, W / sigma. In training mode each call advances the power iteration by one.
  torch::Tensor normalised_weight() { return detail::spectrally_normalised(weight, u, is_training()); }

  void pretty_print(std::ostream& stream) const override {
    stream << "afd::SpectralNormLinear(" << options.in_features() << ", " << options.out_features() << ')';
  }

  torch::nn::LinearOptions options;
  torch::Tensor weight;
  torch::Tensor bias;  ///< undefined if options.bias() is false
  torch::Tensor u;     ///< estimate of the first left singular vector, [out_features]
};
TORCH_MODULE(SpectralNormLinear);

}  // namespace afd
