// SPDX-License-Identifier: MIT
#pragma once

// One side of an edge's transfer layers: average pooling, then Conv - BatchNorm - ReLU, each only where wanted.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/conv_norm.hpp>
#include <afd/network/sync_batch_norm.hpp>
#include <afd/transfer/feature_shape.hpp>
#include <afd/transfer/layer_view.hpp>
#include <afd/transfer/registered.hpp>

namespace afd::detail {

/// Throws ConfigError unless the kernel is odd, so that the convolution keeps the number of places, and 1 for volumes.
inline void require_kernel(std::int64_t kernel_size, const FeatureShape& output, std::string_view who) {
  if (kernel_size < 1 || kernel_size % 2 == 0) {
    throw ConfigError(
        concat(who, ": kernel_size must be odd (1, 3, 5, ...) to keep the size of the map, but is ", kernel_size));
  }
  if (output.rank < 3 || kernel_size == 1) return;
  throw ConfigError(concat(who, ": volumes ", output, " are convolved with kernel_size 1 only, but it is ", kernel_size,
                           "; tap another stage, or write a transfer policy: see afd/transfer/transfer.hpp"));
}

/// `features` of up to three sides, averaged to those of `to`; to one place if that has none.
[[nodiscard]] inline torch::Tensor pool_places(const torch::Tensor& features, const FeatureShape& to) {
  constexpr std::array<std::int64_t, 3> one_place = {1, 1, 1};
  const std::size_t rank = static_cast<std::size_t>(features.dim()) - 2;
  const torch::IntArrayRef sides((to.rank == 0 ? one_place : to.sides).data(), rank);
  if (features.sizes().slice(2) == sides) return features;
  if (rank == 1) return torch::adaptive_avg_pool1d(features, sides);
  return rank == 2 ? torch::adaptive_avg_pool2d(features, sides) : torch::adaptive_avg_pool3d(features, sides);
}

/// What a side has beside its pooling.
enum class SideLayers {
  none,
  conv,           ///< Conv - BatchNorm, to look like features of either sign
  rectified_conv  ///< Conv - BatchNorm - ReLU
};

/// Turns features of shape `from`, taken for ones of shape `taken`, into features of shape `to`. Submodules "conv" and
/// "norm" of "layers" exist only if there is a convolution.
class TransferSideImpl : public torch::nn::Module {
 public:
  TransferSideImpl(std::string who, const FeatureShape& from, const FeatureShape& taken, const FeatureShape& to,
                   SideLayers layers_of_side, std::int64_t kernel_size)
      : who_(std::move(who)),
        from_(from),
        taken_(taken),
        to_(to),
        is_rectified_(layers_of_side == SideLayers::rectified_conv) {
    if (layers_of_side == SideLayers::none) return;
    const auto layers = std::make_shared<torch::nn::Module>();
    // Of 1 along the sides that map_view adds, and along those of volumes, of which it makes fewer.
    const std::int64_t down = to.rank == 2 ? kernel_size : 1, along = to.rank == 0 ? 1 : kernel_size;
    conv_ = registered(*layers, "conv", he_conv(from.channels, to.channels, {down, along}));
    norm_ = registered(*layers, "norm", SyncBatchNorm2d(to.channels));
    register_module("layers", layers);
  }

  /// Features, channels first. Throws ShapeError for others than of shape `from`.
  torch::Tensor forward(const torch::Tensor& features) {
    if (!from_.describes(features)) {
      throw ShapeError(concat("the transfer layers of the ", who_, " were made for features of shape ", from_,
                              " but were given ", features.sizes(), " with channels first; images must keep the size, ",
                              "and sequences the length, that the first batch had"));
    }
    const bool as_given = taken_.rank == from_.rank && taken_.sides == from_.sides;
    torch::Tensor result = pool_places(as_given ? features : features.reshape(taken_.sizes(features.size(0))), to_);
    if (to_.rank == 0) result = result.flatten(1);
    // Pooling comes first: less to convolve, and the result still ends in a ReLU, so its zeros look like those
    // of the features it is compared with.
    if (conv_.is_empty()) return result;
    const torch::Tensor made = norm_->forward(conv_->forward(map_view(result)));
    return from_view(is_rectified_ ? made.relu_() : made, to_);
  }

 private:
  std::string who_;
  FeatureShape from_;   // tokens if they were some: for messages
  FeatureShape taken_;  // channels first, the places that `from_` is taken to have
  FeatureShape to_;     // channels first
  bool is_rectified_;
  torch::nn::Conv2d conv_{nullptr};
  SyncBatchNorm2d norm_{nullptr};
};
TORCH_MODULE(TransferSide);

}  // namespace afd::detail
