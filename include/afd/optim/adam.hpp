// SPDX-License-Identifier: MIT
#pragma once

// Adam: the default optimizer of the feature loss and of the discriminators; and AdamW.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/optim/optimizer.hpp>
#include <afd/optim/rule_optimizer.hpp>

namespace afd {

namespace detail {

struct AdamRule {
  static constexpr std::size_t slots = 2;
  static constexpr std::array<const char*, slots> slot_names{"mean", "square"};

  double lr;
  double beta1;
  double beta2;
  double eps;
  double weight_decay;
  bool decoupled;  ///< AdamW: decay beside the gradient

  template <class Scalar>
  struct Coefficients {
    Scalar step_size, beta1, beta2, root_scale, eps, into_gradient, shrink;
  };

  template <class Scalar>
  [[nodiscard]] Coefficients<Scalar> coefficients(double rate, std::int64_t step) const {
    const auto t = static_cast<double>(step);
    const double correction1 = 1 - std::pow(beta1, t), correction2 = 1 - std::pow(beta2, t);
    const auto as = [](double value) { return static_cast<Scalar>(value); };
    return {as(rate / correction1),
            as(beta1),
            as(beta2),
            as(1 / std::sqrt(correction2)),
            as(eps),
            as(decoupled ? 0.0 : weight_decay),
            as(decoupled ? 1 - rate * weight_decay : 1.0)};
  }

  template <class Scalar, class Piece, class Slots>
  void update(const Coefficients<Scalar>& c, Scalar scale, Piece& w, const Piece& g, Slots& state) const {
    Piece& mean = state[0];
    Piece& square = state[1];
    mean = c.beta1 * mean + (1 - c.beta1) * (scale * g + c.into_gradient * w);
    square = c.beta2 * square + (1 - c.beta2) * (scale * g + c.into_gradient * w).square();
    w = c.shrink * w - c.step_size * mean / (square.sqrt() * c.root_scale + c.eps);
  }

  template <class Tensors, class Slots>
  void update_all(const Coefficients<double>& c, Tensors& w, Tensors& g, Slots& state) const {
    Tensors& mean = state[0];
    Tensors& square = state[1];
    if (c.into_gradient != 0) g = at::_foreach_add(g, w, c.into_gradient);
    at::_foreach_mul_(mean, c.beta1);
    at::_foreach_add_(mean, g, 1 - c.beta1);
    at::_foreach_mul_(square, c.beta2);
    at::_foreach_addcmul_(square, g, g, 1 - c.beta2);
    Tensors root = at::_foreach_sqrt(square);
    at::_foreach_mul_(root, c.root_scale);
    at::_foreach_add_(root, c.eps);
    if (c.shrink != 1) at::_foreach_mul_(w, c.shrink);
    at::_foreach_addcdiv_(w, mean, root, -c.step_size);
  }
};

inline void require_adam(double lr, double beta1, double beta2, double eps, double weight_decay, const char* who) {
  require_rate(lr, who);
  require_weight_decay(weight_decay, who);
  if (beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && eps > 0) return;
  throw ConfigError(
      concat(who, " needs beta1 and beta2 in [0, 1) and eps > 0, but has ", beta1, ", ", beta2, " and ", eps));
}

}  // namespace detail

/// Adam (Kingma and Ba, 2015, arXiv 1412.6980); weight decay is added to the gradient, it is not AdamW. The small
/// rate and the large weight decay are those reported for the feature loss; with plain Adam's normalisation the decay
/// turns into a pull of at most lr per step. `make` throws ConfigError for options that cannot work.
struct Adam {
  double lr = 2e-5;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.1;
  double max_norm = 0;          ///< see Sgd
  std::int64_t accumulate = 1;  ///< see Sgd

  /// Throws ConfigError for options that cannot work.
  [[nodiscard]] detail::AdamRule rule() const {
    detail::require_adam(lr, beta1, beta2, eps, weight_decay, "Adam");
    return {lr, beta1, beta2, eps, weight_decay, false};
  }
  [[nodiscard]] detail::GradientHandling handling() const {
    detail::require_gradient_handling(max_norm, accumulate, "Adam");
    return {max_norm};
  }
  [[nodiscard]] std::int64_t steps_per_update() const { return accumulate; }
  [[nodiscard]] detail::RuleOptimizer<detail::AdamRule> make(std::vector<torch::Tensor> parameters) const {
    return {std::move(parameters), rule(), handling()};
  }
};

/// AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101): weights shrink by lr * weight_decay per step, whatever the
/// gradient. LibTorch's defaults.
struct AdamW {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
  double max_norm = 0;          ///< see Sgd
  std::int64_t accumulate = 1;  ///< see Sgd

  /// Throws ConfigError for options that cannot work.
  [[nodiscard]] detail::AdamRule rule() const {
    detail::require_adam(lr, beta1, beta2, eps, weight_decay, "AdamW");
    return {lr, beta1, beta2, eps, weight_decay, true};
  }
  [[nodiscard]] detail::GradientHandling handling() const {
    detail::require_gradient_handling(max_norm, accumulate, "AdamW");
    return {max_norm};
  }
  [[nodiscard]] std::int64_t steps_per_update() const { return accumulate; }
  [[nodiscard]] detail::RuleOptimizer<detail::AdamRule> make(std::vector<torch::Tensor> parameters) const {
    return {std::move(parameters), rule(), handling()};
  }
};

static_assert(Optimizer<Adam> && Optimizer<AdamW>);

}  // namespace afd
