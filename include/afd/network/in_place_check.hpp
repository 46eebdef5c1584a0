// SPDX-License-Identifier: MIT
#pragma once

// Catches layers that overwrite a feature map after it was tapped, such as a ReLU with inplace(true).

#include <cstdint>
#include <string_view>
#include <utility>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Remembers a tensor's version, which every in-place change increments. Does nothing under InferenceMode,
/// where LibTorch keeps no versions.
class InPlaceCheck {
 public:
  explicit InPlaceCheck(torch::Tensor features) : features_(std::move(features)), version_(version_of(features_)) {}

  /// Throws ConfigError if the tensor was written to since construction.
  void require_unchanged(std::string_view by) const {
    if (version_of(features_) == version_) return;
    throw ConfigError(concat(by, " changed the features ", features_.sizes(),
                             " in place after they were taken, so the losses would see other features; use "
                             "layers without inplace(true) there"));
  }

 private:
  static std::int64_t version_of(const torch::Tensor& tensor) {
    return !tensor.defined() || tensor.is_inference() ? 0 : tensor._version();
  }

  torch::Tensor features_;
  std::int64_t version_;
};

}  // namespace afd::detail
