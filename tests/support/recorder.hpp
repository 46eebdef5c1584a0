// SPDX-License-Identifier: MIT
#pragma once

// An optimizer policy that changes nothing and keeps what it was given: which parameters, and which gradients.

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/optim/optimizer.hpp>

namespace afd_test {

struct Recording {
  std::vector<torch::Tensor> parameters;
  std::vector<torch::Tensor> gradients;  ///< of the last step; undefined where there is none
  int steps = 0;
  double rate_factor = 1.0;
};

struct Recorder {
  /// One recording per optimizer, in the order they were made.
  std::shared_ptr<std::vector<std::shared_ptr<Recording>>> log =
      std::make_shared<std::vector<std::shared_ptr<Recording>>>();

  struct State {
    std::shared_ptr<Recording> recording;
    void apply(std::span<const torch::Tensor> gradients) {
      recording->gradients.assign(gradients.begin(), gradients.end());
      ++recording->steps;
    }
    void scale_rate(double factor) { recording->rate_factor = factor; }
  };

  [[nodiscard]] State make(std::vector<torch::Tensor> parameters) const {
    auto recording = std::make_shared<Recording>();
    recording->parameters = std::move(parameters);
    log->push_back(recording);
    return {recording};
  }

  [[nodiscard]] const Recording& operator[](std::size_t i) const { return *log->at(i); }
};

static_assert(afd::Optimizer<Recorder>);

}  // namespace afd_test
