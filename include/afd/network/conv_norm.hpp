// SPDX-License-Identifier: MIT
#pragma once

// The layers that the zoo and the transfer layers are built of.

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include <torch/expanding_array.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/network/sync_batch_norm.hpp>

namespace afd::detail {

/// A convolution without a bias, for use next to a BatchNorm; odd kernels, of one size for both sides or of a size for
/// each, keep the map's size at stride 1. Weights are normal with variance 2 / (places of the kernel * out) (He et al.,
/// ICCV 2015, fan-out form).
[[nodiscard]] inline torch::nn::Conv2d he_conv(std::int64_t in, std::int64_t out, torch::ExpandingArray<2> kernel,
                                               std::int64_t stride = 1) {
  const torch::ExpandingArray<2> padding({kernel->at(0) / 2, kernel->at(1) / 2});
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).bias(false));
  torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
  return conv;
}

/// Conv - BatchNorm; submodules "conv" and "norm", or as `names` says.
class ConvNormImpl : public torch::nn::Cloneable<ConvNormImpl> {
 public:
  ConvNormImpl(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
               std::array<std::string, 2> names = {"conv", "norm"})
      : in_(in), out_(out), kernel_(kernel), stride_(stride), names_(std::move(names)) {
    ConvNormImpl::reset();
  }

  void reset() override {
    conv_ = register_module(names_[0], he_conv(in_, out_, kernel_, stride_));
    norm_ = register_module(names_[1], SyncBatchNorm2d(out_));
  }

  /// [N, in, H, W] -> [N, out, ceil(H / stride), ceil(W / stride)]. Autograd needs the result of neither layer,
  /// so the caller may apply a ReLU to it in place.
  torch::Tensor forward(const torch::Tensor& inputs) { return norm_->forward(conv_->forward(inputs)); }

 private:
  std::int64_t in_;
  std::int64_t out_;
  std::int64_t kernel_;
  std::int64_t stride_;
  std::array<std::string, 2> names_;
  torch::nn::Conv2d conv_{nullptr};
  SyncBatchNorm2d norm_{nullptr};
};
TORCH_MODULE(ConvNorm);

}  // namespace afd::detail
