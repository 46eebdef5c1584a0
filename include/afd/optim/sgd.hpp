// SPDX-License-Identifier: MIT
#pragma once

// Stochastic gradient descent: the default optimizer of the logit loss.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/optim/optimizer.hpp>
#include <afd/optim/rule_optimizer.hpp>

namespace afd {

namespace detail {

struct SgdRule {
  static constexpr std::size_t slots = 1;
  static constexpr std::array<const char*, slots> slot_names{"velocity"};

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
  void update(const Coefficients<Scalar>& c, Scalar scale, Piece& w, const Piece& g, Slots& state) const {
    Piece& velocity = state[0];  // 0 before the first step, so that the first velocity is the first gradient
    if (nesterov) {
      velocity = c.momentum * velocity + (scale * g + c.weight_decay * w);
      w -= c.rate * (scale * g + c.weight_decay * w + c.momentum * velocity);
    } else {
      velocity = c.momentum * velocity + (scale * g + c.weight_decay * w);
      w -= c.rate * velocity;
    }
  }

  template <class Tensors, class Slots>
  void update_all(const Coefficients<double>& c, Tensors& w, Tensors& g, Slots& state) const {
    Tensors& velocity = state[0];
    if (c.weight_decay != 0) g = at::_foreach_add(g, w, c.weight_decay);
    if (c.momentum != 0) {
      at::_foreach_mul_(velocity, c.momentum);
      at::_foreach_add_(velocity, g);
      g = nesterov ? at::_foreach_add(g, velocity, c.momentum) : velocity;
    }
    at::_foreach_add_(w, g, -c.rate);
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
  double max_norm = 0;  ///< clips the norm of all gradients together, like LibTorch's clip_grad_norm_; 0: never
  /// Updates every that many steps, with the mean over all their samples. What is left when an epoch ends, fewer steps
  /// than that, is an update, too: Trainer asks for it, an own loop with Distiller::finish_accumulation().
  std::int64_t accumulate = 1;

  /// Throws ConfigError for options that cannot work.
  [[nodiscard]] detail::SgdRule rule() const {
    detail::require_rate(lr, "Sgd");
    detail::require_weight_decay(weight_decay, "Sgd");
    if (!(momentum >= 0 && momentum < 1) || (nesterov && momentum == 0)) {
      throw ConfigError(detail::concat("Sgd's momentum must be at least 0 and below 1, and above 0 with nesterov, ",
                                       "but is ", momentum));
    }
    return {lr, momentum, weight_decay, nesterov};
  }
  [[nodiscard]] detail::GradientHandling handling() const {
    detail::require_gradient_handling(max_norm, accumulate, "Sgd");
    return {max_norm};
  }
  [[nodiscard]] std::int64_t steps_per_update() const { return accumulate; }
  [[nodiscard]] detail::RuleOptimizer<detail::SgdRule> make(std::vector<torch::Tensor> parameters) const {
    return {std::move(parameters), rule(), handling()};
  }
};

static_assert(Optimizer<Sgd>);

}  // namespace afd
