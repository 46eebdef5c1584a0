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
#include <afd/detail/libtorch.hpp>
#include <afd/optim/rule_table.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// The same Rule as FusedState's, whose
///   void update_all(coefficients, ws, gs, slots) const         takes lists of tensors; it may change gs
/// is used here. Steps are counted per parameter: one without a gradient rests.
template <class Rule>
class ForeachState {
 public:
  ForeachState(std::vector<torch::Tensor> parameters, RuleTable<Rule> rules)
      : parameters_(std::move(parameters)), rules_(std::move(rules)), steps_(parameters_.size(), 0) {
    const torch::NoGradGuard no_grad;
    for (auto& slot : slots_)
      for (const torch::Tensor& parameter : parameters_) slot.push_back(torch::zeros_like(parameter));
  }

  /// One step along `scale` times the gradients, a number or one on the device.
  template <class Scale>
  void apply(std::span<const torch::Tensor> gradients, const Scale& scale) {
    const torch::NoGradGuard no_grad;
    // Those of one rule that have done as many steps: nearly always all of that rule.
    std::map<std::pair<std::size_t, std::int64_t>, std::vector<std::size_t>> alike;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (gradients[i].defined()) alike[{rules_.group_of(i), ++steps_[i]}].push_back(i);
    for (const auto& [group_and_step, members] : alike) {
      const auto of = [&](std::span<const torch::Tensor> all) {
        std::vector<torch::Tensor> some;
        for (const std::size_t i : members) some.push_back(all[i]);
        return some;
      };
      std::vector<torch::Tensor> weights = of(parameters_), directions = of(gradients);
      for (std::size_t i = 0; i < weights.size(); ++i) directions[i] = like(weights[i], directions[i]);
      directions = scaled(directions, scale);
      std::array<std::vector<torch::Tensor>, Rule::slots> slots;
      for (std::size_t s = 0; s < Rule::slots; ++s) slots[s] = of(slots_[s]);
      const Rule& rule = rules_[members.front()];
      rule.update_all(rule.template coefficients<double>(rule.lr * factor_, group_and_step.second), weights, directions,
                      slots);
    }
  }

  /// The norm of all elements together, as a number on the device; undefined for no gradients.
  [[nodiscard]] torch::Tensor norm(std::span<const torch::Tensor> gradients) const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> known;
    for (const torch::Tensor& gradient : gradients)
      if (gradient.defined()) known.push_back(gradient);
    if (known.empty()) return {};
    return torch::stack(at::_foreach_norm(known)).to(torch::kFloat64).square().sum().sqrt();
  }

  /// The sum of the squares of all elements. On an accelerator the host waits for it.
  [[nodiscard]] double squared_norm(std::span<const torch::Tensor> gradients) const {
    const torch::Tensor read = norm(gradients);
    const double value = read.defined() ? read.template item<double>() : 0;
    return value * value;
  }

  void scale_rate(double factor) { factor_ = factor; }

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
  /// In the parameter's dtype and strides: operators over lists are slow for all of one if those of a pair differ.
  [[nodiscard]] static torch::Tensor like(const torch::Tensor& parameter, const torch::Tensor& gradient) {
    const bool converts = gradient.scalar_type() != parameter.scalar_type();
    torch::Tensor same = converts ? gradient.to(parameter.scalar_type()) : gradient;
    if (same.strides() == parameter.strides()) return same;
    // Strides of sizes of one are of no account: the elements may lie in the same order all the same.
    const bool is_dense = parameter.is_non_overlapping_and_dense() && same.is_non_overlapping_and_dense();
    const bool same_order = is_dense && ((same.is_contiguous() && parameter.is_contiguous()) ||
                                         (is_channels_last(same) && is_channels_last(parameter)));
    if (same_order) return same.as_strided(parameter.sizes(), parameter.strides());
    return torch::empty_like(parameter).copy_(same);
  }
  [[nodiscard]] static bool is_channels_last(const torch::Tensor& tensor) {
    return tensor.dim() == 4 && tensor.is_contiguous(torch::MemoryFormat::ChannelsLast);
  }

  [[nodiscard]] static std::vector<torch::Tensor> scaled(const std::vector<torch::Tensor>& all, double scale) {
    return scale == 1.0 ? all : at::_foreach_mul(all, scale);
  }
  [[nodiscard]] static std::vector<torch::Tensor> scaled(const std::vector<torch::Tensor>& all,
                                                         const torch::Tensor& scale) {
    return scaled_list(all, scale);
  }

  std::vector<torch::Tensor> parameters_;
  RuleTable<Rule> rules_;
  double factor_ = 1.0;
  std::vector<std::int64_t> steps_;
  std::array<std::vector<torch::Tensor>, Rule::slots> slots_;
};

}  // namespace afd::detail
