// SPDX-License-Identifier: MIT
#pragma once

// LibTorch's own random numbers, as a part of a run's state.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Context.h>
#include <torch/types.h>

#include <afd/state/state_dict.hpp>

namespace afd::detail {

[[nodiscard]] inline torch::Generator cpu_generator() {
  return at::globalContext().defaultGenerator(torch::kCPU);
}

/// The default generators of the CPU and of every CUDA device of a list.
class RandomNumbers {
 public:
  explicit RandomNumbers(const std::vector<torch::Device>& devices) {
    generators_.emplace("random numbers", cpu_generator());
    for (const torch::Device& device : devices) {
      if (device.is_cuda()) {
        generators_.emplace("random numbers " + device.str(), at::globalContext().defaultGenerator(device));
      }
    }
  }

  void save(StateDict& state) const {
    for (const auto& [key, generator] : generators_) state.set(key, generator.get_state());
  }

  /// Those that are in the state: one that was saved on other devices does not have all. Throws FormatError for a state
  /// without the CPU's.
  void load(const StateDict& state) {
    for (auto& [key, generator] : generators_) {
      if (key == "random numbers" || state.contains(key)) generator.set_state(state.get<torch::Tensor>(key));
    }
  }

 private:
  std::map<std::string, torch::Generator> generators_;
};

/// Puts random numbers back when it ends.
class RandomNumbersGuard {
 public:
  explicit RandomNumbersGuard(RandomNumbers numbers) : numbers_(std::move(numbers)) { numbers_.save(before_); }
  RandomNumbersGuard(const RandomNumbersGuard&) = delete;
  RandomNumbersGuard& operator=(const RandomNumbersGuard&) = delete;
  ~RandomNumbersGuard() { numbers_.load(before_); }

 private:
  RandomNumbers numbers_;
  StateDict before_;
};

}  // namespace afd::detail
