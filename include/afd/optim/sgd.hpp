// SPDX-License-Identifier: MIT
#pragma once

// Stochastic gradient descent: the default optimizer of the logit loss.

#include <utility>
#include <vector>

#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <afd/optim/optimizer.hpp>

namespace afd {

/// SGD with momentum; weight decay is added to the gradient. The defaults are usual for small images at batch 128.
/// `make` throws ConfigError for options that cannot work.
struct Sgd {
  double lr = 0.1;
  double momentum = 0.9;
  double weight_decay = 1e-4;
  bool nesterov = false;

  [[nodiscard]] TorchOptimizerState<torch::optim::SGD> make(std::vector<torch::Tensor> parameters) const {
    detail::require_rate(lr, "Sgd");
    detail::require_weight_decay(weight_decay, "Sgd");
    if (!(momentum >= 0 && momentum < 1) || (nesterov && momentum == 0)) {
      throw ConfigError(detail::concat("Sgd's momentum must be at least 0 and below 1, and above 0 with nesterov, ",
                                       "but is ", momentum));
    }
    return {std::move(parameters),
            torch::optim::SGDOptions(lr).momentum(momentum).weight_decay(weight_decay).nesterov(nesterov)};
  }
};

static_assert(Optimizer<Sgd>);

}  // namespace afd
