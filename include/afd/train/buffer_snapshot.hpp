// SPDX-License-Identifier: MIT
#pragma once

// Puts running statistics back if a step does not go through: a BatchNorm changes them in its forward, long before
// anybody knows whether the losses are finite.

#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

namespace afd::detail {

/// Holds a copy of `buffers`; the destructor writes it back unless keep() was called. One copy per dtype, not one per
/// buffer.
class BufferSnapshot {
 public:
  explicit BufferSnapshot(const std::vector<torch::Tensor>& buffers) : buffers_(buffers) {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& buffer : buffers_) {
      Group& group = group_of(buffer);
      group.pieces.push_back(buffer.reshape(-1));
    }
    for (Group& group : groups_) group.copy = torch::cat(group.pieces);
  }

  BufferSnapshot(const BufferSnapshot&) = delete;
  BufferSnapshot& operator=(const BufferSnapshot&) = delete;

  ~BufferSnapshot() {
    if (!kept_) restore();
  }

  /// The step went through: the new statistics stay.
  void keep() { kept_ = true; }

 private:
  struct Group {
    torch::TensorOptions options;
    std::vector<torch::Tensor> pieces;
    torch::Tensor copy;
    std::int64_t next = 0;
  };

  Group& group_of(const torch::Tensor& buffer) {
    for (Group& group : groups_) {
      if (group.options.dtype() == buffer.dtype() && group.options.device() == buffer.device()) return group;
    }
    groups_.push_back({buffer.options(), {}, {}, 0});
    return groups_.back();
  }

  void restore() {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& buffer : buffers_) {
      Group& group = group_of(buffer);
      buffer.copy_(group.copy.narrow(0, group.next, buffer.numel()).view(buffer.sizes()));
      group.next += buffer.numel();
    }
  }

  std::vector<torch::Tensor> buffers_;
  std::vector<Group> groups_;
  bool kept_ = false;
};

}  // namespace afd::detail
