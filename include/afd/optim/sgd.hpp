// SPDX-License-Identifier: MIT
#pragma once

// Stochastic gradient descent: the default optimizer of the logit loss.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <afd/optim/cpu_or_torch.hpp>
#include <afd/optim/optimizer.hpp>

namespace afd {

namespace detail {

struct SgdRule {
  static constexpr std::size_t slots = 1;

  double lr;
  double momentum;
  double weight_decay;
  bool nesterov;

  template <class Scalar>
  struct Coefficients {
    Scalar rate, momentum, weight_decay;
  };

  template <class Scalar>
  [[nodiscard]] Coefficients<Scalar> coefficients(double rate, std::int64_t /*step*/) const {
    return {static_cast<Scalar>(rate), static_cast<Scalar>(momentum), static_cast<Scalar>(weight_decay)};
  }

  template <class Scalar, class Piece, class Slots>
  void update(const Coefficients<Scalar>& c, Piece& w, const Piece& g, Slots& state) const {
    Piece& velocity = state[0];  // 0 before the first step, so that the first velocity is the first gradient
    if (nesterov) {
      velocity = c.momentum * velocity + (g + c.weight_decay * w);
      w -= c.rate * (g + c.weight_decay * w + c.momentum * velocity);
    } else {
      velocity = c.momentum * velocity + (g + c.weight_decay * w);
      w -= c.rate * velocity;
    }
  }
};

}  // namespace detail

/// SGD with momentum; weight decay is added to the gradient. The defaults are usual for small images at batch 128.
/// `make` throws ConfigError for options that cannot work.
struct Sgd {
  double lr = 0.1;
  double momentum = 0.9;
  double weight_decay = 1e-4;
  bool nesterov = false;

  [[nodiscard]] detail::CpuOrTorch<detail::SgdRule, torch::optim::SGD> make(
      std::vector<torch::Tensor> parameters) const {
    detail::require_rate(lr, "Sgd");
    detail::require_weight_decay(weight_decay, "Sgd");
    if (!(momentum >= 0 && momentum < 1) || (nesterov && momentum == 0)) {
      throw ConfigError(detail::concat("Sgd's momentum must be at least 0 and below 1, and above 0 with nesterov, ",
                                       "but is ", momentum));
    }
    return {std::move(parameters), detail::SgdRule{lr, momentum, weight_decay, nesterov},
            torch::optim::SGDOptions(lr).momentum(momentum).weight_decay(weight_decay).nesterov(nesterov)};
  }
};

static_assert(Optimizer<Sgd>);

}  // namespace afd
