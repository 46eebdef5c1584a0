// SPDX-License-Identifier: MIT
#pragma once

// A running optimizer that is fused where it can be, and LibTorch's elsewhere.

#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <torch/types.h>

#include <afd/optim/fused_state.hpp>
#include <afd/optim/optimizer.hpp>

namespace afd::detail {

/// FusedState<Rule> for parameters on the CPU, else TorchOptimizerState<O> with the same options. Decided once.
template <class Rule, class O>
class CpuOrTorch {
 public:
  template <class Options>
  CpuOrTorch(std::vector<torch::Tensor> parameters, const Rule& rule, const Options& options)
      : state_(made(std::move(parameters), rule, options)) {}

  void apply(std::span<const torch::Tensor> gradients) {
    std::visit([&](auto& state) { state.apply(gradients); }, state_);
  }
  void scale_rate(double factor) {
    std::visit([&](auto& state) { state.scale_rate(factor); }, state_);
  }
  [[nodiscard]] bool is_fused() const { return std::holds_alternative<FusedState<Rule>>(state_); }

 private:
  using State = std::variant<FusedState<Rule>, TorchOptimizerState<O>>;

  template <class Options>
  static State made(std::vector<torch::Tensor> parameters, const Rule& rule, const Options& options) {
    if (!parameters.empty() && can_fuse(parameters)) {
      return State(std::in_place_type<FusedState<Rule>>, std::move(parameters), rule);
    }
    return State(std::in_place_type<TorchOptimizerState<O>>, std::move(parameters), options);
  }

  State state_;
};

}  // namespace afd::detail
