// SPDX-License-Identifier: MIT
#pragma once

// The ResNet for large images: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1,
// with blocks of two convolutions (ResNet-18 and ResNet-34) and projections where the shape changes (option B). Modules
// are named as in PyTorch's torchvision, so that its weights fit as they are.

#include <array>
#include <cstdint>
#include <string>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/network/conv_norm.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>
#include <afd/network/sync_batch_norm.hpp>
#include <afd/zoo/block_group.hpp>
#include <afd/zoo/zoo_check.hpp>

namespace afd {

struct ImageNetResNetOptions {
  std::array<std::int64_t, 4> blocks = {2, 2, 2, 2};  ///< of each group; ResNet-34 has 3, 4, 6 and 3
  std::int64_t classes = 1000;
  std::int64_t in_channels = 3;
  std::int64_t width = 64;  ///< channels of the first group; 2x, 4x and 8x as many in the others
};

namespace detail {

/// relu(x' + BN(Conv(relu(BN(Conv(x)))))), where x' is x, or BN(Conv1x1(x)) where the shape changes. Submodules
/// "conv1", "bn1", "conv2", "bn2" and, where there is one, "downsample".
class ProjectionBlockImpl : public torch::nn::Cloneable<ProjectionBlockImpl> {
 public:
  struct Options {
    std::int64_t in_channels;
    std::int64_t out_channels;
    std::int64_t stride;
  };

  explicit ProjectionBlockImpl(const Options& options) : options_(options) { ProjectionBlockImpl::reset(); }

  void reset() override {
    const auto [in, out, stride] = options_;
    conv1_ = register_module("conv1", he_conv(in, out, 3, stride));
    norm1_ = register_module("bn1", SyncBatchNorm2d(out));
    conv2_ = register_module("conv2", he_conv(out, out, 3));
    norm2_ = register_module("bn2", SyncBatchNorm2d(out));
    if (in != out || stride != 1) {
      downsample_ = register_module("downsample", ConvNorm(in, out, 1, stride, std::array<std::string, 2>{"0", "1"}));
    }
  }

  torch::Tensor forward(const torch::Tensor& map) {
    // In-place steps touch only what a BatchNorm or a sum returned; autograd keeps neither of those.
    torch::Tensor sum = norm1_->forward(conv1_->forward(map)).relu_();
    sum = norm2_->forward(conv2_->forward(sum));
    return sum.add_(downsample_.is_empty() ? map : downsample_->forward(map)).relu_();
  }

 private:
  Options options_;
  torch::nn::Conv2d conv1_{nullptr};
  SyncBatchNorm2d norm1_{nullptr};
  torch::nn::Conv2d conv2_{nullptr};
  SyncBatchNorm2d norm2_{nullptr};
  ConvNorm downsample_{nullptr};
};
TORCH_MODULE(ProjectionBlock);

}  // namespace detail

/// The module behind ImageNetResNet; submodules "conv1", "bn1", "layer1" to "layer4" and "fc".
class ImageNetResNetImpl : public torch::nn::Cloneable<ImageNetResNetImpl> {
 public:
  explicit ImageNetResNetImpl(const ImageNetResNetOptions& options = {}) : options_(options) {
    for (const std::int64_t count : options.blocks) {
      detail::require_positive(count, "each of ImageNetResNetOptions.blocks");
    }
    detail::require_positive(options.classes, "ImageNetResNetOptions.classes");
    detail::require_positive(options.in_channels, "ImageNetResNetOptions.in_channels");
    detail::require_positive(options.width, "ImageNetResNetOptions.width");
    ImageNetResNetImpl::reset();
  }

  void reset() override {
    const std::int64_t width = options_.width;
    const auto& blocks = options_.blocks;
    conv1_ = register_module("conv1", detail::he_conv(options_.in_channels, width, 7, 2));
    norm1_ = register_module("bn1", SyncBatchNorm2d(width));
    layer1_ = register_module("layer1", Group(blocks[0], Shape{width, width, 1}));
    layer2_ = register_module("layer2", Group(blocks[1], Shape{width, 2 * width, 2}));
    layer3_ = register_module("layer3", Group(blocks[2], Shape{2 * width, 4 * width, 2}));
    layer4_ = register_module("layer4", Group(blocks[3], Shape{4 * width, 8 * width, 2}));
    fc_ = register_module("fc", torch::nn::Linear(8 * width, options_.classes));
  }

  /// Images [N, in_channels, H, W] -> features [N, 8 width, ceil(H/32), ceil(W/32)], logits [N, classes]. Throws
  /// ShapeError or DataError for other inputs.
  Outputs forward(const torch::Tensor& inputs) {
    detail::require_images(inputs, options_.in_channels, "ImageNetResNet");
    const torch::Tensor stem = torch::max_pool2d(norm1_->forward(conv1_->forward(inputs)).relu_(), 3, 2, 1);
    const torch::Tensor features = layer4_->forward(layer3_->forward(layer2_->forward(layer1_->forward(stem))));
    return {features, fc_->forward(features.mean({2, 3}))};
  }

  [[nodiscard]] const ImageNetResNetOptions& options() const { return options_; }

 private:
  using Group = detail::BlockGroup<detail::ProjectionBlock>;
  using Shape = detail::ProjectionBlockImpl::Options;

  ImageNetResNetOptions options_;
  torch::nn::Conv2d conv1_{nullptr};
  SyncBatchNorm2d norm1_{nullptr};
  Group layer1_{nullptr};
  Group layer2_{nullptr};
  Group layer3_{nullptr};
  Group layer4_{nullptr};
  torch::nn::Linear fc_{nullptr};
};

/// features = the last map before pooling; logits = Linear(global average pool(features)). Convolutions have no bias
/// and He-normal weights; the classifier keeps LibTorch's initialisation. Throws ConfigError for options below 1.
TORCH_MODULE(ImageNetResNet);

[[nodiscard]] inline ImageNetResNet resnet18(std::int64_t classes = 1000, std::int64_t in_channels = 3) {
  return ImageNetResNet(ImageNetResNetOptions{.classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline ImageNetResNet resnet34(std::int64_t classes = 1000, std::int64_t in_channels = 3) {
  return ImageNetResNet(ImageNetResNetOptions{.blocks = {3, 4, 6, 3}, .classes = classes, .in_channels = in_channels});
}

static_assert(Network<ImageNetResNet>);

}  // namespace afd
