// SPDX-License-Identifier: MIT
#pragma once

// What a recipe says of LibTorch's own values in a policy: tensors, class weights for instance, and devices. To be
// included wherever policies that may have some are described.

#include <string>

#include <torch/types.h>

#include <afd/data/content_key.hpp>
#include <afd/data/tensor_bytes.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/detail/look.hpp>

namespace afd {

/// "Float [10] with key 0123456789abcdef-fedcba98": dtype, shape and the key of the bytes, wherever they are. Copies
/// the tensor to the host.
template <>
struct RecipeText<torch::Tensor> {
  [[nodiscard]] static std::string of(const torch::Tensor& tensor) {
    if (!tensor.defined()) return "none";
    const std::string form = detail::concat(tensor.scalar_type(), ' ', tensor.sizes());
    if (!detail::has_plain_bytes(tensor)) {
      return detail::concat(form, ", a tensor without plain bytes", detail::cannot_be_compared);
    }
    const torch::Tensor dense = detail::dense_on_cpu(tensor);
    return detail::concat(form, " with key ", detail::text_of(detail::content_key(detail::bytes_of(dense))));
  }
};

template <>
struct RecipeText<torch::Device> {
  [[nodiscard]] static std::string of(const torch::Device& device) { return device.str(); }
};

}  // namespace afd
