// SPDX-License-Identifier: MIT
#pragma once

// Puts running statistics back if a step does not go through: a BatchNorm changes them in its forward, long before
// anybody knows whether the losses are finite.

#include <cstdint>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

namespace afd::detail {

/// Room for a copy of some buffers, made once. One copy per dtype and device, not one per buffer.
class BufferStore {
 public:
  BufferStore() = default;
  explicit BufferStore(std::vector<torch::Tensor> buffers) {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& buffer : buffers) group_of(buffer).buffers.push_back(std::move(buffer));
    for (Group& group : groups_) {
      for (const torch::Tensor& buffer : group.buffers) group.pieces.push_back(buffer.reshape(-1));
      group.copy = torch::cat(group.pieces);
    }
  }

  void save() {
    const torch::NoGradGuard no_grad;
    for (Group& group : groups_) {
      for (std::size_t i = 0; i < group.buffers.size(); ++i) {
        // A piece is a view of its buffer, except of one whose elements do not lie in order.
        if (!group.pieces[i].is_alias_of(group.buffers[i])) group.pieces[i] = group.buffers[i].reshape(-1);
      }
      torch::cat_out(group.copy, group.pieces);
    }
  }

  void restore() {
    const torch::NoGradGuard no_grad;
    for (Group& group : groups_) {
      std::int64_t next = 0;
      for (torch::Tensor& buffer : group.buffers) {
        buffer.copy_(group.copy.narrow(0, next, buffer.numel()).view(buffer.sizes()));
        next += buffer.numel();
      }
    }
  }

 private:
  struct Group {
    torch::TensorOptions options;
    std::vector<torch::Tensor> buffers;
    std::vector<torch::Tensor> pieces;
    torch::Tensor copy;
  };

  Group& group_of(const torch::Tensor& buffer) {
    for (Group& group : groups_) {
      if (group.options.dtype() == buffer.dtype() && group.options.device() == buffer.device()) return group;
    }
    groups_.push_back({buffer.options(), {}, {}, {}});
    return groups_.back();
  }

  std::vector<Group> groups_;
};

/// Copies buffers to their store; put_back() or the destructor writes them back unless keep() was called.
class BufferSnapshot {
 public:
  /// `is_lost`, which must outlive it, becomes true if the destructor could not: on a device that has failed.
  explicit BufferSnapshot(BufferStore& store, bool* is_lost = nullptr) : store_(store), is_lost_(is_lost) {
    store_.save();
  }

  BufferSnapshot(const BufferSnapshot&) = delete;
  BufferSnapshot& operator=(const BufferSnapshot&) = delete;

  ~BufferSnapshot() {
    if (kept_) return;
    try {
      store_.restore();
    } catch (...) {  // must not end the process: mostly there is an error on its way that says more
      if (is_lost_ != nullptr) *is_lost_ = true;
    }
  }

  /// The step went through: the new statistics stay.
  void keep() { kept_ = true; }

  /// Writes them back now, unless they are kept, and throws if that cannot be done: for where all else went well.
  void put_back() {
    if (!kept_) store_.restore();
    kept_ = true;
  }

 private:
  BufferStore& store_;
  bool* is_lost_;
  bool kept_ = false;
};

/// For steps that cannot fail, or must not cost: keeps nothing.
struct NoSnapshot {
  explicit NoSnapshot(BufferStore& /*store*/, bool* /*is_lost*/ = nullptr) {}
  void keep() {}
  void put_back() {}
};

}  // namespace afd::detail
