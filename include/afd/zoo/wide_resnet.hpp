// SPDX-License-Identifier: MIT
#pragma once

// The wide residual network: Zagoruyko, Komodakis, "Wide Residual Networks", BMVC 2016 (arXiv 1605.07146).

#include <cstdint>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/conv_norm.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>
#include <afd/network/sync_batch_norm.hpp>
#include <afd/zoo/block_group.hpp>
#include <afd/zoo/zoo_check.hpp>

namespace afd {

struct WideResNetOptions {
  std::int64_t depth = 16;  ///< 6n + 4 for n blocks in each of the three groups
  std::int64_t widen = 2;   ///< k: groups have 16k, 32k and 64k channels
  std::int64_t classes = 10;
  std::int64_t in_channels = 3;
  std::int64_t stem_stride = 1;  ///< 2 halves every map, for slow machines; not in the paper
  double dropout = 0.0;          ///< probability of dropping between a block's convolutions, in [0, 1)
};

namespace detail {

/// x' + Conv(relu(BN(Conv(a)))) with a = relu(BN(x)). x' = x, or a 1x1 convolution of a where channels change.
class WideResNetBlockImpl : public torch::nn::Cloneable<WideResNetBlockImpl> {
 public:
  struct Options {
    std::int64_t in_channels;
    std::int64_t out_channels;
    std::int64_t stride;
    double dropout;
  };

  explicit WideResNetBlockImpl(const Options& options) : options_(options) { WideResNetBlockImpl::reset(); }

  void reset() override {
    const auto [in, out, stride, dropout] = options_;
    norm1_ = register_module("norm1", SyncBatchNorm2d(in));
    conv1_ = register_module("conv1", he_conv(in, out, 3, stride));
    norm2_ = register_module("norm2", SyncBatchNorm2d(out));
    conv2_ = register_module("conv2", he_conv(out, out, 3));
    if (in != out) shortcut_ = register_module("shortcut", he_conv(in, out, 1, stride));
  }

  torch::Tensor forward(const torch::Tensor& map) {
    // In-place steps touch only what a BatchNorm or a convolution returned; autograd keeps neither of those.
    const torch::Tensor active = norm1_->forward(map).relu_();
    torch::Tensor sum = norm2_->forward(conv1_->forward(active)).relu_();
    if (options_.dropout > 0.0) sum = torch::dropout(sum, options_.dropout, is_training());
    sum = conv2_->forward(sum);
    return sum.add_(shortcut_.is_empty() ? map : shortcut_->forward(active));
  }

 private:
  Options options_;
  SyncBatchNorm2d norm1_{nullptr};
  torch::nn::Conv2d conv1_{nullptr};
  SyncBatchNorm2d norm2_{nullptr};
  torch::nn::Conv2d conv2_{nullptr};
  torch::nn::Conv2d shortcut_{nullptr};
};
TORCH_MODULE(WideResNetBlock);

}  // namespace detail

/// The module behind WideResNet; submodules "stem", "group1" to "group3", "norm" and "head".
class WideResNetImpl : public torch::nn::Cloneable<WideResNetImpl> {
 public:
  explicit WideResNetImpl(const WideResNetOptions& options = {}) : options_(options) {
    detail::require_depth(options.depth, 4, "WideResNetOptions.depth", "10, 16, 22, 28, 40");
    detail::require_positive(options.widen, "WideResNetOptions.widen");
    detail::require_positive(options.classes, "WideResNetOptions.classes");
    detail::require_positive(options.in_channels, "WideResNetOptions.in_channels");
    detail::require_positive(options.stem_stride, "WideResNetOptions.stem_stride");
    if (!(options.dropout >= 0.0 && options.dropout < 1.0)) {
      throw ConfigError(
          detail::concat("WideResNetOptions.dropout is a probability in [0, 1), but is ", options.dropout));
    }
    WideResNetImpl::reset();
  }

  void reset() override {
    const std::int64_t blocks = (options_.depth - 4) / 6;
    const std::int64_t width = 16 * options_.widen;
    const double dropout = options_.dropout;
    stem_ = register_module("stem", detail::he_conv(options_.in_channels, 16, 3, options_.stem_stride));
    group1_ = register_module("group1", Group(blocks, Shape{16, width, 1, dropout}));
    group2_ = register_module("group2", Group(blocks, Shape{width, 2 * width, 2, dropout}));
    group3_ = register_module("group3", Group(blocks, Shape{2 * width, 4 * width, 2, dropout}));
    norm_ = register_module("norm", SyncBatchNorm2d(4 * width));
    head_ = register_module("head", torch::nn::Linear(4 * width, options_.classes));
    torch::nn::init::zeros_(head_->bias);
  }

  /// Images [N, in_channels, H, W] -> features [N, 64 widen, ceil(H/4), ceil(W/4)] (of the stem's output),
  /// logits [N, classes]. Throws ShapeError or DataError for other inputs.
  Outputs forward(const torch::Tensor& inputs) {
    detail::require_images(inputs, options_.in_channels, "WideResNet");
    torch::Tensor features = group1_->forward(stem_->forward(inputs));
    features = norm_->forward(group3_->forward(group2_->forward(features))).relu_();
    return {features, head_->forward(features.mean({2, 3}))};
  }

  [[nodiscard]] const WideResNetOptions& options() const { return options_; }

 private:
  using Group = detail::BlockGroup<detail::WideResNetBlock>;
  using Shape = detail::WideResNetBlockImpl::Options;

  WideResNetOptions options_;
  torch::nn::Conv2d stem_{nullptr};
  Group group1_{nullptr};
  Group group2_{nullptr};
  Group group3_{nullptr};
  SyncBatchNorm2d norm_{nullptr};
  torch::nn::Linear head_{nullptr};
};

/// features = the last BatchNorm's ReLU, before pooling; logits = Linear(global average pool(features)). The
/// head's bias starts at zero. Throws ConfigError for a depth that is not 6n + 4, for options below 1 and for a
/// dropout outside [0, 1).
TORCH_MODULE(WideResNet);

[[nodiscard]] inline WideResNet wrn16_2(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return WideResNet(WideResNetOptions{.depth = 16, .widen = 2, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline WideResNet wrn16_4(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return WideResNet(WideResNetOptions{.depth = 16, .widen = 4, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline WideResNet wrn28_2(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return WideResNet(WideResNetOptions{.depth = 28, .widen = 2, .classes = classes, .in_channels = in_channels});
}
[[nodiscard]] inline WideResNet wrn28_4(std::int64_t classes = 10, std::int64_t in_channels = 3) {
  return WideResNet(WideResNetOptions{.depth = 28, .widen = 4, .classes = classes, .in_channels = in_channels});
}

static_assert(Network<WideResNet>);

}  // namespace afd
