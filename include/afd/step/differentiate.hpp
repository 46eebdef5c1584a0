// SPDX-License-Identifier: MIT
#pragma once

// Gradients for the step, which alone asks for them.

#include <cstddef>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// d loss / d inputs; undefined where the loss does not depend on an input. `keep_graph` if another loss needs it.
inline std::vector<torch::Tensor> gradients(const torch::Tensor& loss, const std::vector<torch::Tensor>& inputs,
                                            bool keep_graph) {
  return torch::autograd::grad({loss}, inputs, /*grad_outputs=*/{}, keep_graph, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

inline void require_differentiable(const torch::Tensor& loss, std::size_t network, const char* level) {
  if (loss.requires_grad()) return;
  throw ConfigError(concat("the ", level, " loss of network ", network, " does not depend on its parameters; its ",
                           "forward must not run under NoGradGuard or detach what it returns"));
}

}  // namespace afd::detail
