// SPDX-License-Identifier: MIT
#pragma once

// LibTorch's own random numbers, as a part of a run's state.

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/detail/device.hpp>
#include <afd/state/state_dict.hpp>

namespace afd::detail {

[[nodiscard]] inline torch::Generator cpu_generator() {
  return *generator_of(torch::kCPU);
}

/// The default generators of the CPU and of every device of a list that has one.
class RandomNumbers {
 public:
  explicit RandomNumbers(const std::vector<torch::Device>& devices) {
    generators_.push_back({"random numbers", cpu_generator()});
    for (const torch::Device& device : devices) {
      if (device.is_cpu()) continue;
      const std::string key = "random numbers " + device.str();
      const bool is_known =
          std::any_of(generators_.begin(), generators_.end(), [&](const auto& g) { return g.key == key; });
      if (is_known) continue;
      if (const auto generator = generator_of(device)) generators_.push_back({key, *generator});
    }
  }

  void save(StateDict& state) const {
    for (const Named& each : generators_) state.set(each.key, each.generator.get_state());
  }

  /// Those that are in the state: one that was saved on other devices does not have all. Throws FormatError for a state
  /// without the CPU's.
  void load(const StateDict& state) {
    for (Named& each : generators_) {
      if (each.key == "random numbers" || state.contains(each.key)) {
        each.generator.set_state(state.get<torch::Tensor>(each.key));
      }
    }
  }

  /// The states of all, in an order of their own.
  [[nodiscard]] std::vector<torch::Tensor> states() const {
    std::vector<torch::Tensor> all;
    for (const Named& each : generators_) all.push_back(each.generator.get_state());
    return all;
  }
  void set_states(const std::vector<torch::Tensor>& states) {
    for (std::size_t i = 0; i < generators_.size(); ++i) generators_[i].generator.set_state(states[i]);
  }

 private:
  struct Named {
    std::string key;
    torch::Generator generator;
  };
  std::vector<Named> generators_;
};

/// Puts random numbers back when it ends.
class RandomNumbersGuard {
 public:
  explicit RandomNumbersGuard(RandomNumbers numbers) : numbers_(std::move(numbers)), before_(numbers_.states()) {}
  RandomNumbersGuard(const RandomNumbersGuard&) = delete;
  RandomNumbersGuard& operator=(const RandomNumbersGuard&) = delete;
  ~RandomNumbersGuard() {
    try {
      numbers_.set_states(before_);
    } catch (...) {  // a device that has failed, which another error tells of, or the next operator
    }
  }

 private:
  RandomNumbers numbers_;
  std::vector<torch::Tensor> before_;
};

}  // namespace afd::detail
