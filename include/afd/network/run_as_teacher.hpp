// SPDX-License-Identifier: MIT
#pragma once

// One forward of a network that only teaches.

#include <optional>

#include <torch/nn/module.h>
#include <torch/utils.h>

#include <afd/network/batch_statistics.hpp>
#include <afd/network/normal_tensors.hpp>

namespace afd::detail {

/// What run() returns of `module` in eval mode, without a graph, as ordinary tensors. The mode is set each time,
/// because a train() on an enclosing module would otherwise make a teacher drift by its batch statistics.
template <class Run>
[[nodiscard]] auto run_as_teacher(torch::nn::Module& module, Statistics statistics, const Run& run) {
  const torch::NoGradGuard no_grad;
  module.eval();
  std::optional<BatchStatistics> of_batch;
  if (statistics == Statistics::of_batch) of_batch.emplace(module);
  return as_normal(run());
}

}  // namespace afd::detail
