// SPDX-License-Identifier: MIT
#pragma once

// The ResNet for small images: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
// section 4.2. Modules are named as in torchvision's ResNets, whose names most PyTorch ports of this one have.

#include <cstdint>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/network/conv_norm.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>
#include <afd/network/sync_batch_norm.hpp>
#include <afd/zoo/block_group.hpp>
#include <afd/zoo/zoo_check.hpp>

namespace afd {

struct ResNetOptions {
  std::int64_t depth = 20;  ///< 6n + 2 for n blocks in each of the three groups
  std::int64_t classes = 10;
  std::int64_t in_channels = 3;
  std::int64_t width = 16;       ///< channels of the first group; 2x and 4x as many in the others
  std::int64_t stem_stride = 1;  ///< 2 halves every map, for slow machines; not in the paper
};

namespace detail {

/// relu(x' + BN(Conv(relu(BN(Conv(x)))))), where x' is x, subsampled and padded with channels of zeros where
/// the shape changes (the paper's option A, which has no parameters). Submodules "conv1", "bn1", "conv2" and "bn2".
class ResNetBlockImpl : public torch::nn::Cloneable<ResNetBlockImpl> {
 public:
  struct Options {
    std::int64_t in_channels;
    std::int64_t out_channels;
    std::int64_t stride;
  };

  explicit ResNetBlockImpl(const Options& options) : options_(options) { ResNetBlockImpl::reset(); }

  void reset() override {
    const auto [in, out, stride] = options_;
    conv1_ = register_module("conv1", he_conv(in, out, 3, stride));
    norm1_ = register_module("bn1", SyncBatchNorm2d(out));
    conv2_ = register_module("conv2", he_conv(out, out, 3));
    norm2_ = register_module("bn2", SyncBatchNorm2d(out));
  }

  torch::Tensor forward(const torch::Tensor& map) {
    // In-place steps touch only what a BatchNorm or a sum returned; autograd keeps neither of those.
    torch::Tensor sum = norm1_->forward(conv1_->forward(map)).relu_();
    sum = norm2_->forward(conv2_->forward(sum));
    return sum.add_(shortcut(map)).relu_();
  }

 private:
  torch::Tensor shortcut(torch::Tensor map) const {
    const auto [in, out, stride] = options_;
    if (stride > 1) {
      map = map.slice(2, 0, map.size(2), stride).slice(3, 0, map.size(3), stride);
    }
    if (in == out) return map;
    const std::int64_t before = (out - in) / 2;
    return torch::constant_pad_nd(map, {0, 0, 0, 0, before, out - in - before});
  }

  Options options_;
  torch::nn::Conv2d conv1_{nullptr};
  SyncBatchNorm2d norm1_{nullptr};
  torch::nn::Conv2d conv2_{nullptr};
  SyncBatchNorm2d norm2_{nullptr};
};
TORCH_MODULE(ResNetBlock);

}  // namespace detail

/// The module behind ResNet; submodules "conv1", "bn1", "layer1" to "layer3" and "fc".
class ResNetImpl : public torch::nn::Cloneable<ResNetImpl> {
 public:
  explicit ResNetImpl(const ResNetOptions& options = {}) : options_(options) {
    detail::require_depth(options.depth, 2, "ResNetOptions.depth", "8, 14, 20, 32, 44, 56, 110");
    detail::require_positive(options.classes, "ResNetOptions.classes");
    detail::require_positive(options.in_channels, "ResNetOptions.in_channels");
    detail::require_positive(options.width, "ResNetOptions.width");
    detail::require_positive(options.stem_stride, "ResNetOptions.stem_stride");
    ResNetImpl::reset();
  }

  void reset() override {
    const std::int64_t blocks = (options_.depth - 2) / 6;
    const std::int64_t width = options_.width;
    conv1_ = register_module("conv1", detail::he_conv(options_.in_channels, width, 3, options_.stem_stride));
    norm1_ = register_module("bn1", SyncBatchNorm2d(width));
    layer1_ = register_module("layer1", Group(blocks, Shape{width, width, 1}));
    layer2_ = register_module("layer2", Group(blocks, Shape{width, 2 * width, 2}));
    layer3_ = register_module("layer3", Group(blocks, Shape{2 * width, 4 * width, 2}));
    fc_ = register_module("fc", torch::nn::Linear(4 * width, options_.classes));
  }

  /// Images [N, in_channels, H, W] -> features [N, 4 width, ceil(H/4), ceil(W/4)] (of the stem's output), logits
  /// [N, classes]. Throws ShapeError or DataError for other inputs.
  Outputs forward(const torch::Tensor& inputs) {
    detail::require_images(inputs, options_.in_channels, "ResNet");
    torch::Tensor features = norm1_->forward(conv1_->forward(inputs)).relu_();
    features = layer3_->forward(layer2_->forward(layer1_->forward(features)));
    return {features, fc_->forward(features.mean({2, 3}))};
  }

  [[nodiscard]] const ResNetOptions& options() const { return options_; }

 private:
  using Group = detail::BlockGroup<detail::ResNetBlock>;
  using Shape = detail::ResNetBlockImpl::Options;

  ResNetOptions options_;
  torch::nn::Conv2d conv1_{nullptr};
  SyncBatchNorm2d norm1_{nullptr};
  Group layer1_{nullptr};
  Group layer2_{nullptr};
  Group layer3_{nullptr};
  torch::nn::Linear fc_{nullptr};
};

/// features = the last map before pooling; logits = Linear(global average pool(features)). Convolutions have no
/// bias and He-normal weights; the classifier keeps LibTorch's initialisation. Throws ConfigError for a depth that is
/// not 6n + 2 and for options below 1.
TORCH_MODULE(ResNet);

[[nodiscard]] inline ResNet resnet8(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return ResNet(ResNetOptions{.depth = 8, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline ResNet resnet14(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return ResNet(ResNetOptions{.depth = 14, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline ResNet resnet20(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return ResNet(ResNetOptions{.depth = 20, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline ResNet resnet32(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return ResNet(ResNetOptions{.depth = 32, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline ResNet resnet56(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return ResNet(ResNetOptions{.depth = 56, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline ResNet resnet110(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return ResNet(ResNetOptions{.depth = 110, .classes = classes, .in_channels = in_channels});
}

static_assert(Network<ResNet>);

}  // namespace afd
