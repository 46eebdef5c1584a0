// SPDX-License-Identifier: MIT
#pragma once

// The ResNet for large images: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1,
// with blocks of two convolutions (ResNet-18 and ResNet-34) and projections where the shape changes (option B).

#include <array>
#include <cstdint>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/network/conv_norm.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>
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

/// relu(x' + BN(Conv(relu(BN(Conv(x)))))), where x' is x, or BN(Conv1x1(x)) where the shape changes.
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
    first_ = register_module("first", ConvNorm(in, out, 3, stride));
    second_ = register_module("second", ConvNorm(out, out, 3));
    if (in != out || stride != 1) projection_ = register_module("projection", ConvNorm(in, out, 1, stride));
  }

  torch::Tensor forward(const torch::Tensor& map) {
    // In-place steps touch only what a BatchNorm or a sum returned; autograd keeps neither of those.
    torch::Tensor sum = second_->forward(first_->forward(map).relu_());
    return sum.add_(projection_.is_empty() ? map : projection_->forward(map)).relu_();
  }

 private:
  Options options_;
  ConvNorm first_{nullptr};
  ConvNorm second_{nullptr};
  ConvNorm projection_{nullptr};
};
TORCH_MODULE(ProjectionBlock);

}  // namespace detail

/// The module behind ImageNetResNet; submodules "stem", "group1" to "group4" and "head".
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
    stem_ = register_module("stem", detail::ConvNorm(options_.in_channels, width, 7, 2));
    group1_ = register_module("group1", Group(blocks[0], Shape{width, width, 1}));
    group2_ = register_module("group2", Group(blocks[1], Shape{width, 2 * width, 2}));
    group3_ = register_module("group3", Group(blocks[2], Shape{2 * width, 4 * width, 2}));
    group4_ = register_module("group4", Group(blocks[3], Shape{4 * width, 8 * width, 2}));
    head_ = register_module("head", torch::nn::Linear(8 * width, options_.classes));
  }

  /// Images [N, in_channels, H, W] -> features [N, 8 width, ceil(H/32), ceil(W/32)], logits [N, classes]. Throws
  /// ShapeError or DataError for other inputs.
  Outputs forward(const torch::Tensor& inputs) {
    detail::require_images(inputs, options_.in_channels, "ImageNetResNet");
    const torch::Tensor stem = torch::max_pool2d(stem_->forward(inputs).relu_(), 3, 2, 1);
    const torch::Tensor features = group4_->forward(group3_->forward(group2_->forward(group1_->forward(stem))));
    return {features, head_->forward(features.mean({2, 3}))};
  }

  [[nodiscard]] const ImageNetResNetOptions& options() const { return options_; }

 private:
  using Group = detail::BlockGroup<detail::ProjectionBlock>;
  using Shape = detail::ProjectionBlockImpl::Options;

  ImageNetResNetOptions options_;
  detail::ConvNorm stem_{nullptr};
  Group group1_{nullptr};
  Group group2_{nullptr};
  Group group3_{nullptr};
  Group group4_{nullptr};
  torch::nn::Linear head_{nullptr};
};

/// features = the last map before pooling; logits = Linear(global average pool(features)). Convolutions have no bias
/// and He-normal weights; the head keeps LibTorch's initialisation. Throws ConfigError for options below 1.
TORCH_MODULE(ImageNetResNet);

[[nodiscard]] inline ImageNetResNet resnet18(std::int64_t classes = 1000, std::int64_t in_channels = 3) {
  return ImageNetResNet(ImageNetResNetOptions{.classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline ImageNetResNet resnet34(std::int64_t classes = 1000, std::int64_t in_channels = 3) {
  return ImageNetResNet(ImageNetResNetOptions{.blocks = {3, 4, 6, 3}, .classes = classes, .in_channels = in_channels});
}

static_assert(Network<ImageNetResNet>);

}  // namespace afd
