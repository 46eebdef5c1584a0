// SPDX-License-Identifier: MIT
#pragma once

// A running optimizer of a handful of operators over all parameters at once, for what FusedState cannot take: other
// devices, half precision, strided parameters.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// The same Rule as FusedState's, whose
///   void update_all(coefficients, ws, gs, slots) const         takes lists of tensors; it may change gs
/// is used here. Steps are counted per parameter: one without a gradient rests.
template <class Rule>
class ForeachState {
 public:
  ForeachState(std::vector<torch::Tensor> parameters, const Rule& rule)
      : parameters_(std::move(parameters)), rule_(rule), rate_(rule.lr), steps_(parameters_.size(), 0) {
    const torch::NoGradGuard no_grad;
    for (auto& slot : slots_)
      for (const torch::Tensor& parameter : parameters_) slot.push_back(torch::zeros_like(parameter));
  }

  /// One step along `scale` times the gradients.
  void apply(std::span<const torch::Tensor> gradients, double scale) {
    const torch::NoGradGuard no_grad;
    std::map<std::int64_t, std::vector<std::size_t>> same_step;  // nearly always all of them
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (gradients[i].defined()) same_step[++steps_[i]].push_back(i);
    for (const auto& [step, members] : same_step) {
      const auto of = [&](std::span<const torch::Tensor> all) {
        std::vector<torch::Tensor> some;
        for (const std::size_t i : members) some.push_back(all[i]);
        return some;
      };
      std::vector<torch::Tensor> weights = of(parameters_), directions = of(gradients);
      for (std::size_t i = 0; i < weights.size(); ++i) directions[i] = directions[i].to(weights[i].scalar_type());
      if (scale != 1.0) directions = at::_foreach_mul(directions, scale);
      std::array<std::vector<torch::Tensor>, Rule::slots> slots;
      for (std::size_t s = 0; s < Rule::slots; ++s) slots[s] = of(slots_[s]);
      rule_.update_all(rule_.template coefficients<double>(rate_, step), weights, directions, slots);
    }
  }

  /// The sum of the squares of all elements. On an accelerator the host waits for it.
  [[nodiscard]] double squared_norm(std::span<const torch::Tensor> gradients) const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> known;
    for (const torch::Tensor& gradient : gradients)
      if (gradient.defined()) known.push_back(gradient);
    if (known.empty()) return 0;
    std::vector<torch::Tensor> norms = at::_foreach_norm(known);
    for (torch::Tensor& norm : norms) norm = norm.to(torch::kFloat64);
    return torch::stack(norms).square().sum().template item<double>();
  }

  void scale_rate(double factor) { rate_ = rule_.lr * factor; }

  [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return parameters_; }

  /// As FusedState's: a state that one of them saved can be loaded by the other.
  template <StateVisitor V>
  void visit_state(std::span<const std::string> names, V& visitor) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      visitor.integer("steps/" + names[i], steps_[i]);
      for (std::size_t s = 0; s < Rule::slots; ++s) {
        visitor.tensor(concat(Rule::slot_names[s], '/', names[i]), slots_[s][i]);
      }
    }
  }

 private:
  std::vector<torch::Tensor> parameters_;
  Rule rule_;
  double rate_;
  std::vector<std::int64_t> steps_;
  std::array<std::vector<torch::Tensor>, Rule::slots> slots_;
};

}  // namespace afd::detail
