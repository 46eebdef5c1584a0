// SPDX-License-Identifier: MIT
#pragma once

// What an optimizer policy is, and the one made from any optimizer of LibTorch.

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <torch/optim/optimizer.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// What `make` returns: the running optimizer of some parameters.
template <class O>
using OptimizerState = decltype(std::declval<const O&>().make(std::vector<torch::Tensor>{}));

/// 1. The policy is a value that can be copied: its hyper-parameters, no tensors.
template <class O>
concept OptimizerIsValue = std::copyable<O>;

/// 2. `make(parameters) const` gives the running optimizer, which can be moved.
template <class O>
concept OptimizerMakesState = std::movable<OptimizerState<O>>;

/// 3. `state.apply(gradients)` updates the parameters, in the order they were given; one with an undefined gradient
///    is not changed at all, not even by momentum or weight decay.
template <class O>
concept OptimizerApplies =
    requires(OptimizerState<O>& state, std::span<const torch::Tensor> gradients) { state.apply(gradients); };

/// 4. `state.scale_rate(factor)` sets the learning rate to `factor` times that of the policy.
template <class O>
concept OptimizerScalesRate = requires(OptimizerState<O>& state) { state.scale_rate(1.0); };

/// A running optimizer may also have `prepare(gradients)`: what can fail of the next apply() with the same gradients,
/// without changing a weight. A step calls it of all optimizers before it applies one.
template <class S>
concept OptimizerPrepares = requires(S& state, std::span<const torch::Tensor> gradients) { state.prepare(gradients); };

/// An optimizer policy. Not required: prepare(), a base class, registration, a default constructor, or gradients in
/// `.grad()`.
template <class O>
concept Optimizer = OptimizerIsValue<O> && OptimizerMakesState<O> && OptimizerApplies<O> && OptimizerScalesRate<O>;

/// A running torch::optim optimizer. Uses the parameters' `.grad()` and leaves it undefined.
template <std::derived_from<torch::optim::Optimizer> O>
class TorchOptimizerState {
 public:
  template <class Options>
  TorchOptimizerState(std::vector<torch::Tensor> parameters, const Options& options)
      : parameters_(std::move(parameters)), rate_(options.lr()) {
    optimizer_ = std::make_unique<O>(parameters_, options);
  }

  void apply(std::span<const torch::Tensor> gradients) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = gradients[i];
    optimizer_->step();
    // Undefined, not zero: another optimizer of the same parameters must not meet these.
    for (torch::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
  }

  void scale_rate(double factor) {
    for (torch::optim::OptimizerParamGroup& group : optimizer_->param_groups()) {
      group.options().set_lr(rate_ * factor);
    }
  }

  /// The optimizer itself, for its state and options.
  [[nodiscard]] O& optimizer() { return *optimizer_; }

 private:
  std::vector<torch::Tensor> parameters_;
  std::unique_ptr<O> optimizer_;
  double rate_;
};

/// Any optimizer of LibTorch, or of the user's derived from its base:
///     TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>{torch::optim::RMSpropOptions(1e-3)}
/// The optimizer's step() must work without a closure (LBFGS does not).
template <std::derived_from<torch::optim::Optimizer> O, class Options>
struct TorchOptimizer {
  Options options;

  [[nodiscard]] TorchOptimizerState<O> make(std::vector<torch::Tensor> parameters) const {
    return TorchOptimizerState<O>(std::move(parameters), options);
  }
};

namespace detail {

/// Fails to compile with one sentence that says what O lacks.
template <class O>
consteval bool require_optimizer() {
  constexpr bool makes = OptimizerMakesState<O>, applies = OptimizerApplies<O>, scales = OptimizerScalesRate<O>;
  static_assert(makes,
                "afd: an optimizer policy needs make(std::vector<torch::Tensor> parameters) const, which returns the "
                "running optimizer; for one of LibTorch use afd::TorchOptimizer<O, Options>; see "
                "afd/optim/optimizer.hpp");
  static_assert(applies || !makes,
                "afd: what an optimizer policy makes needs apply(std::span<const torch::Tensor> gradients); see "
                "afd/optim/optimizer.hpp");
  static_assert(scales || !makes,
                "afd: what an optimizer policy makes needs scale_rate(double factor); see afd/optim/optimizer.hpp");
  return makes && applies && scales;
}

inline void require_rate(double rate, const char* optimizer) {
  if (rate > 0) return;
  throw ConfigError(concat(optimizer, "'s learning rate lr must be positive, but is ", rate));
}

inline void require_weight_decay(double weight_decay, const char* optimizer) {
  if (weight_decay >= 0) return;
  throw ConfigError(concat(optimizer, "'s weight_decay must not be negative, but is ", weight_decay));
}

}  // namespace detail
}  // namespace afd
