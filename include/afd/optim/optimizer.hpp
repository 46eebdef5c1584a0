// SPDX-License-Identifier: MIT
#pragma once

// What an optimizer policy is.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd {

/// A policy may read the names of its parameters: make(parameters, names). Those of a network are called as the module
/// calls them; names of layers on an edge begin with the edge.
template <class O>
concept OptimizerReadsNames =
    requires(const O& policy, std::vector<torch::Tensor> parameters, std::span<const std::string> names) {
      policy.make(std::move(parameters), names);
    };

/// A policy may have `steps_per_update() const`, as Sgd, Adam and AdamW have by their `accumulate`: gradients are then
/// gathered over so many steps, and the running optimizer is given their mean over all samples of these.
template <class O>
concept OptimizerGathers = requires(const O& policy) {
  { policy.steps_per_update() } -> std::convertible_to<std::int64_t>;
};

namespace detail {

/// Throws ConfigError for fewer than one.
template <class O>
[[nodiscard]] std::int64_t steps_per_update([[maybe_unused]] const O& policy) {
  if constexpr (OptimizerGathers<O>) {
    const std::int64_t steps = policy.steps_per_update();
    if (steps >= 1) return steps;
    throw ConfigError(concat("an optimizer's steps_per_update must be at least 1, but is ", steps));
  }
  return 1;
}

/// The running optimizer of some parameters.
template <class O>
[[nodiscard]] auto make_optimizer(const O& policy, std::vector<torch::Tensor> parameters,
                                  [[maybe_unused]] std::span<const std::string> names)
  requires OptimizerReadsNames<O> || requires { policy.make(std::move(parameters)); }
{
  if constexpr (OptimizerReadsNames<O>) {
    return policy.make(std::move(parameters), names);
  } else {
    return policy.make(std::move(parameters));
  }
}

}  // namespace detail

/// What `make` returns: the running optimizer of some parameters.
template <class O>
using OptimizerState = decltype(detail::make_optimizer(std::declval<const O&>(), std::vector<torch::Tensor>{},
                                                       std::span<const std::string>{}));

/// 1. The policy is a value that can be copied: its hyper-parameters, no tensors.
template <class O>
concept OptimizerIsValue = std::copyable<O>;

/// 2. `make(parameters) const` gives the running optimizer, which can be moved.
template <class O>
concept OptimizerMakesState = std::movable<OptimizerState<O>>;

/// 3. `state.apply(gradients)` updates the parameters, in the order they were given; one with an undefined gradient
///    is not changed at all, not even by momentum or weight decay. Gradients are lent: where several processes train,
///    their memory is used again in the next step.
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

/// Beside prepare() it may have `probe(gradients)`, which a step calls in its place on an accelerator: the same, as far
/// as the host need not wait for the device; returns a number on the device that is finite if the gradients are and
/// prepare() would not have thrown, or an undefined tensor if it has not looked.
template <class S>
concept OptimizerProbes = OptimizerPrepares<S> && requires(S& state, std::span<const torch::Tensor> gradients) {
  { state.probe(gradients) } -> std::same_as<torch::Tensor>;
};

/// It may have `rate()`, the learning rate of the moment.
template <class S>
concept OptimizerTellsRate = requires(const S& state) {
  { state.rate() } -> std::convertible_to<double>;
};

/// And `take_over(other)`, of one of its own type that is not used any more: goes on with what that one knows of the
/// parameters that both have. Without it the parameters of an objective cannot change once there is an optimizer.
template <class S>
concept OptimizerTakesOver = requires(S& state, S& other) { state.take_over(other); };

/// A running optimizer may also have `visit_state(names, visitor)`, which names all that an apply() changes besides the
/// parameters to a StateVisitor, by the parameters' names; without it a run cannot be saved.
template <class S>
concept OptimizerHasState =
    requires(S& state, std::span<const std::string> names, SaveState& save, CheckState& check, LoadState& load) {
      state.visit_state(names, save);
      state.visit_state(names, check);
      state.visit_state(names, load);
    };

namespace detail {

template <class S>
using HasState = std::bool_constant<OptimizerHasState<S>>;
template <class S>
using TakesOver = std::bool_constant<OptimizerTakesOver<S>>;

}  // namespace detail

/// An optimizer policy. Not required: whatever a running optimizer may have, a base class, registration, a default
/// constructor, or gradients in `.grad()`.
template <class O>
concept Optimizer = OptimizerIsValue<O> && OptimizerMakesState<O> && OptimizerApplies<O> && OptimizerScalesRate<O>;

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
