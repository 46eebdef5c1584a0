// SPDX-License-Identifier: MIT
#pragma once

// Which modules a module consists of, to notice when one of them was replaced.

#include <cstddef>
#include <memory>
#include <vector>

#include <torch/nn/module.h>

namespace afd::detail {

/// All below one module, at every depth, in LibTorch's order. Without names, which named_modules() would make of
/// strings each time it is asked; a step asks before it begins.
class ModuleTree {
 public:
  explicit ModuleTree(const torch::nn::Module& root) { append(root); }

  /// Whether `root` consists of the same modules as that one did then.
  [[nodiscard]] bool is_of(const torch::nn::Module& root) const {
    std::size_t next = 0;
    return has_same_children(root, next) && next == parts_.size();
  }

 private:
  void append(const torch::nn::Module& module) {
    for (const auto& child : module.children()) {
      parts_.push_back(child);
      append(*child);
    }
  }
  [[nodiscard]] bool has_same_children(const torch::nn::Module& module, std::size_t& next) const {
    for (const auto& child : module.children()) {
      if (next == parts_.size() || parts_[next++] != child || !has_same_children(*child, next)) return false;
    }
    return true;
  }

  std::vector<std::shared_ptr<torch::nn::Module>> parts_;  // held, so that another cannot get the place of one
};

}  // namespace afd::detail
