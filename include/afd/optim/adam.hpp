// SPDX-License-Identifier: MIT
#pragma once

// Adam: the default optimizer of the feature loss and of the discriminators.

#include <tuple>
#include <utility>
#include <vector>

#include <torch/optim/adam.h>
#include <torch/types.h>

#include <afd/optim/optimizer.hpp>

namespace afd {

/// Adam (Kingma and Ba, 2015, arXiv 1412.6980); weight decay is added to the gradient, it is not AdamW. The small
/// rate and the large weight decay are those reported for the feature loss; with plain Adam's normalisation the decay
/// turns into a pull of at most lr per step. `make` throws ConfigError for options that cannot work.
struct Adam {
  double lr = 2e-5;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.1;

  [[nodiscard]] TorchOptimizerState<torch::optim::Adam> make(std::vector<torch::Tensor> parameters) const {
    detail::require_rate(lr, "Adam");
    detail::require_weight_decay(weight_decay, "Adam");
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1) || !(eps > 0)) {
      throw ConfigError(detail::concat("Adam needs beta1 and beta2 in [0, 1) and eps > 0, but has ", beta1, ", ", beta2,
                                       " and ", eps));
    }
    return {std::move(parameters),
            torch::optim::AdamOptions(lr).betas(std::make_tuple(beta1, beta2)).eps(eps).weight_decay(weight_decay)};
  }
};

static_assert(Optimizer<Adam>);

}  // namespace afd
