// SPDX-License-Identifier: MIT
#pragma once

// The state of a module: parameters, buffers, and which of its submodules are in train mode.

#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// Names the parts of a module's state to a visitor, each key beginning with `prefix`. Undefined buffers have no state.
template <StateVisitor V>
void visit_module(torch::nn::Module& module, const std::string& prefix, V& visitor) {
  for (const auto& item : module.named_parameters()) visitor.tensor(prefix + item.key(), item.value());
  for (const auto& item : module.named_buffers()) {
    if (item.value().defined()) visitor.tensor(prefix + item.key(), item.value());
  }
  // Parents first: train() sets a whole tree, so each submodule's own mode is set last.
  const auto visit_mode = [&](const std::string& name, torch::nn::Module& part) {
    const bool is_training = part.is_training();
    std::int64_t training = is_training ? 1 : 0;
    visitor.integer(prefix + "train mode" + (name.empty() ? "" : "/" + name), training);
    if ((training != 0) != is_training) part.train(training != 0);
  };
  visit_mode("", module);
  for (const auto& item : module.named_modules("", /*include_self=*/false)) visit_mode(item.key(), *item.value());
}

}  // namespace afd::detail
