// SPDX-License-Identifier: MIT
#pragma once

// The bytes of a tensor, wherever and however it lies: what keys and fingerprints are made of.

#include <cstdint>
#include <span>

#include <torch/types.h>
#include <torch/utils.h>

namespace afd::detail {

/// Its elements row by row on the CPU, with what a view computes when it is read (a conjugate, a negative). The tensor
/// itself if that is so already.
[[nodiscard]] inline torch::Tensor dense_on_cpu(const torch::Tensor& tensor) {
  const torch::NoGradGuard no_grad;
  return tensor.detach().to(torch::kCPU).resolve_conj().resolve_neg().contiguous();
}

/// Of what dense_on_cpu() gave, which must outlive them.
[[nodiscard]] inline std::span<const std::uint8_t> bytes_of(const torch::Tensor& dense) {
  return {static_cast<const std::uint8_t*>(dense.data_ptr()), dense.nbytes()};
}

/// Whether there are such bytes: of sparse, quantised and meta tensors there are none.
[[nodiscard]] inline bool has_plain_bytes(const torch::Tensor& tensor) {
  return tensor.layout() == torch::kStrided && !tensor.is_quantized() && !tensor.is_meta();
}

}  // namespace afd::detail
