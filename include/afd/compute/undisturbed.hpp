// SPDX-License-Identifier: MIT
#pragma once

// Lets a module be run without anybody noticing afterwards.

#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/compute/buffer_snapshot.hpp>
#include <afd/compute/random_numbers.hpp>
#include <afd/network/eval_mode.hpp>

namespace afd::detail {

/// The devices of a module's parameters.
[[nodiscard]] inline std::vector<torch::Device> devices_of(const torch::nn::Module& module) {
  std::vector<torch::Device> devices;
  for (const torch::Tensor& parameter : module.parameters()) devices.push_back(parameter.device());
  return devices;
}

/// Eval mode while it lives. Then the module's modes and buffers, and LibTorch's random numbers, are as they were.
class Undisturbed {
 public:
  explicit Undisturbed(torch::nn::Module& module)
      : eval_(module), random_(RandomNumbers(devices_of(module))), store_(module.buffers()), statistics_(store_) {}

  /// Writes buffers back now, and throws if that cannot be done: at the end of a run that went well.
  void put_back() { statistics_.put_back(); }

 private:
  EvalMode eval_;
  RandomNumbersGuard random_;
  BufferStore store_;
  BufferSnapshot statistics_;
};

}  // namespace afd::detail
