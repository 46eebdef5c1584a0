// SPDX-License-Identifier: MIT
#pragma once

// One side of an edge's transfer layers: average pooling, then Conv - BatchNorm - ReLU, each only where wanted.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/conv_norm.hpp>
#include <afd/transfer/map_shape.hpp>

namespace afd::detail {

/// Throws ShapeError unless both shapes are at least 1 in every dimension.
inline void require_map_shapes(const MapShape& student, const MapShape& teacher, std::string_view who) {
  for (const MapShape& shape : {student, teacher}) {
    if (shape.channels > 0 && shape.height > 0 && shape.width > 0) continue;
    throw ShapeError(concat(who, " cannot be made for feature maps [C, H, W] = ", student, " and ", teacher,
                            "; take the shapes from real maps with afd::map_shape(features)"));
  }
}

/// Throws ConfigError unless the kernel is odd, so that the convolution keeps the map's size.
inline void require_odd_kernel(std::int64_t kernel_size, std::string_view who) {
  if (kernel_size > 0 && kernel_size % 2 == 1) return;
  throw ConfigError(
      concat(who, ": kernel_size must be odd (1, 3, 5, ...) to keep the size of the map, but is ", kernel_size));
}

/// `channels` maps of the smaller of both sides' height and width.
[[nodiscard]] inline MapShape common_shape(std::int64_t channels, const MapShape& student, const MapShape& teacher) {
  return {channels, std::min(student.height, teacher.height), std::min(student.width, teacher.width)};
}

/// Turns maps of shape `from` into maps of shape `to`. Submodules "conv" and "norm" exist only with `convolve`.
class TransferSideImpl : public torch::nn::Cloneable<TransferSideImpl> {
 public:
  TransferSideImpl(std::string who, MapShape from, MapShape to, bool convolve, std::int64_t kernel_size)
      : who_(std::move(who)), from_(from), to_(to), convolve_(convolve), kernel_size_(kernel_size) {
    TransferSideImpl::reset();
  }

  void reset() override {
    if (convolve_) {
      layers_ = register_module("layers", ConvNorm(from_.channels, to_.channels, kernel_size_));
    }
  }

  /// Throws ShapeError for maps of another shape than `from`.
  torch::Tensor forward(const torch::Tensor& map) {
    if (map.dim() != 4 || map_shape(map) != from_) {
      throw ShapeError(concat("the transfer layers of the ", who_, " were made for feature maps [N, C, H, W] ",
                              "with [C, H, W] = ", from_, " but were given ", map.sizes(),
                              "; images must keep the size that the first batch had"));
    }
    // Pooling comes first: less to convolve, and the result still ends in a ReLU, so its zeros look like those
    // of the map it is compared with.
    torch::Tensor result = from_.same_area(to_) ? map : torch::adaptive_avg_pool2d(map, {to_.height, to_.width});
    return convolve_ ? layers_->forward(result).relu_() : result;
  }

 private:
  std::string who_;
  MapShape from_;
  MapShape to_;
  bool convolve_;
  std::int64_t kernel_size_;
  ConvNorm layers_{nullptr};
};
TORCH_MODULE(TransferSide);

}  // namespace afd::detail
