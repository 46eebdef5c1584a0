// SPDX-License-Identifier: MIT
#pragma once

// Tensors of any types and shapes as one message.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

namespace afd::detail {

/// In 64-bit words: the bytes of the whole message, the number of tensors, of each its type (-1: undefined), rank and
/// sizes; then the elements of each, from a word's beginning on.
class TensorMessage {
 public:
  static constexpr std::int64_t word = sizeof(std::int64_t);
  static constexpr std::int64_t least = 2 * word;

  /// Says that a message of so many bytes comes next.
  [[nodiscard]] static torch::Tensor announcement_of(std::int64_t bytes) {
    const torch::Tensor message = torch::zeros({least}, torch::kUInt8);
    std::memcpy(message.data_ptr(), &bytes, sizeof bytes);
    return message;
  }

  /// What `tensors` take as a message.
  [[nodiscard]] static std::int64_t bytes_of(const std::vector<torch::Tensor>& tensors) {
    std::int64_t bytes = 2 * word;
    for (const torch::Tensor& tensor : tensors) {
      bytes += 2 * word;
      if (tensor.defined()) bytes += tensor.dim() * word + padded(static_cast<std::int64_t>(tensor.nbytes()));
    }
    return bytes;
  }

  /// Writes them to the beginning of `buffer`, bytes on the CPU, and returns how many it took. There must be room.
  static std::int64_t write(const std::vector<torch::Tensor>& tensors, const torch::Tensor& buffer) {
    const torch::NoGradGuard no_grad;
    std::vector<std::int64_t> words{0, static_cast<std::int64_t>(tensors.size())};
    for (const torch::Tensor& tensor : tensors) {
      words.push_back(tensor.defined() ? static_cast<std::int64_t>(tensor.scalar_type()) : -1);
      words.push_back(tensor.defined() ? tensor.dim() : 0);
      if (tensor.defined()) words.insert(words.end(), tensor.sizes().begin(), tensor.sizes().end());
    }
    std::int64_t place = static_cast<std::int64_t>(words.size()) * word;
    for (const torch::Tensor& tensor : tensors) {
      if (!tensor.defined() || tensor.numel() == 0) continue;
      const auto bytes = static_cast<std::int64_t>(tensor.nbytes());
      buffer.narrow(0, place, bytes).view(tensor.scalar_type()).view(tensor.sizes()).copy_(tensor);
      place += padded(bytes);
    }
    words.front() = place;
    std::memcpy(buffer.data_ptr(), words.data(), words.size() * sizeof(std::int64_t));
    return place;
  }

  /// The bytes of a message, by its first word.
  [[nodiscard]] static std::int64_t size_of(const torch::Tensor& buffer) {
    std::int64_t bytes = 0;
    std::memcpy(&bytes, buffer.data_ptr(), sizeof bytes);
    return bytes;
  }

  /// The tensors, each a part of the buffer.
  [[nodiscard]] static std::vector<torch::Tensor> read(const torch::Tensor& buffer) {
    const auto* words = static_cast<const std::int64_t*>(buffer.data_ptr());
    const std::int64_t count = words[1];
    std::vector<torch::Tensor> tensors;
    const std::int64_t* next = words + 2;
    const std::int64_t* end = next;
    for (std::int64_t i = 0; i < count; ++i) end += 2 + end[1];
    std::int64_t place = (end - words) * word;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t type = next[0], rank = next[1];
      const torch::IntArrayRef sizes(next + 2, static_cast<std::size_t>(rank));
      next += 2 + rank;
      if (type < 0) {
        tensors.emplace_back();
        continue;
      }
      const auto scalar_type = static_cast<torch::ScalarType>(type);
      std::int64_t bytes = static_cast<std::int64_t>(c10::elementSize(scalar_type));
      for (const std::int64_t size : sizes) bytes *= size;
      tensors.push_back(bytes == 0 ? torch::empty(sizes, scalar_type)
                                   : buffer.narrow(0, place, bytes).view(scalar_type).view(sizes));
      place += padded(bytes);
    }
    return tensors;
  }

 private:
  [[nodiscard]] static std::int64_t padded(std::int64_t bytes) { return (bytes + word - 1) / word * word; }
};

}  // namespace afd::detail
