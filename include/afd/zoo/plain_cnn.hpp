// SPDX-License-Identifier: MIT
#pragma once

// A small plain CNN, fast enough on small grey images to try things out on any machine.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/conv_norm.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>
#include <afd/zoo/zoo_check.hpp>

namespace afd {

struct PlainCnnOptions {
  std::vector<std::int64_t> widths = {16, 32, 64};  ///< channels of each layer
  std::int64_t classes = 10;
  std::int64_t in_channels = 1;
  std::int64_t stem_stride = 1;  ///< stride of the first layer; that of the others is 2
};

/// The module behind PlainCnn; submodules "layer1", "layer2", ... and "head".
class PlainCnnImpl : public torch::nn::Cloneable<PlainCnnImpl> {
 public:
  explicit PlainCnnImpl(const PlainCnnOptions& options = {}) : options_(options) {
    if (options.widths.empty()) {
      throw ConfigError("PlainCnnOptions.widths is empty; give one width per layer, e.g. {16, 32, 64}");
    }
    for (std::size_t i = 0; i < options.widths.size(); ++i) {
      detail::require_positive(options.widths[i], detail::concat("PlainCnnOptions.widths[", i, "]"));
    }
    detail::require_positive(options.classes, "PlainCnnOptions.classes");
    detail::require_positive(options.in_channels, "PlainCnnOptions.in_channels");
    detail::require_positive(options.stem_stride, "PlainCnnOptions.stem_stride");
    PlainCnnImpl::reset();
  }

  void reset() override {
    layers_.clear();
    std::int64_t in = options_.in_channels;
    std::int64_t stride = options_.stem_stride;
    for (const std::int64_t width : options_.widths) {
      const std::string name = "layer" + std::to_string(layers_.size() + 1);
      layers_.push_back(register_module(name, detail::ConvNorm(in, width, 3, stride)));
      in = width;
      stride = 2;
    }
    head_ = register_module("head", torch::nn::Linear(in, options_.classes));
  }

  /// Images [N, in_channels, H, W] -> features [N, last width, H', W'], logits [N, classes]; 28x28 images give
  /// 7x7 features by default. Throws ShapeError or DataError for other inputs.
  Outputs forward(const torch::Tensor& inputs) {
    detail::require_images(inputs, options_.in_channels, "PlainCnn");
    torch::Tensor features = inputs;
    for (detail::ConvNorm& layer : layers_) features = layer->forward(features).relu_();
    return {features, head_->forward(features.mean({2, 3}))};
  }

  [[nodiscard]] const PlainCnnOptions& options() const { return options_; }

 private:
  PlainCnnOptions options_;
  std::vector<detail::ConvNorm> layers_;
  torch::nn::Linear head_{nullptr};
};

/// Per width Conv 3x3 - BatchNorm - ReLU; features = the last map; logits = Linear(global average pool).
/// Throws ConfigError for no widths and for options below 1.
TORCH_MODULE(PlainCnn);

static_assert(Network<PlainCnn>);

}  // namespace afd
