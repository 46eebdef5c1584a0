// SPDX-License-Identifier: MIT
#pragma once

// Puts a module into eval mode for a while. Networks left in eval mode after their first evaluation are a mistake seen
// in much training code.

#include <cstddef>
#include <memory>
#include <vector>

#include <torch/nn/module.h>

namespace afd {

/// Eval mode while it lives; then every submodule gets back the mode it had, also one that the user had set apart.
class EvalMode {
 public:
  explicit EvalMode(torch::nn::Module& module)
      : module_(module), was_training_(module.is_training()), children_(module.modules(/*include_self=*/false)) {
    for (const auto& child : children_) children_training_.push_back(child->is_training());
    module_.eval();
  }

  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

  ~EvalMode() {
    module_.train(was_training_);  // sets the children too, so they come after
    for (std::size_t i = 0; i < children_.size(); ++i) children_[i]->train(children_training_[i]);
  }

 private:
  torch::nn::Module& module_;
  bool was_training_;
  std::vector<std::shared_ptr<torch::nn::Module>> children_;
  std::vector<bool> children_training_;
};

/// Train mode for a module whose root was left in eval mode; submodules that were set apart stay as they are otherwise.
inline void ensure_train_mode(torch::nn::Module& module) {
  if (!module.is_training()) module.train();
}

}  // namespace afd
