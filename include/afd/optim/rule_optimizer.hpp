// SPDX-License-Identifier: MIT
#pragma once

// A running optimizer of an update rule: clips the norm of the gradients, and updates in one pass.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/optim/foreach_state.hpp>
#include <afd/optim/fused_state.hpp>
#include <afd/optim/rule_table.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// What a policy says of the gradients before the rule sees them.
struct GradientHandling {
  double max_norm = 0;  ///< of all gradients together; 0: any
};

/// Throws ConfigError for numbers that cannot be, of those that all policies of a rule have.
inline void require_gradient_handling(double max_norm, std::int64_t accumulate, const char* optimizer) {
  if (max_norm >= 0 && accumulate >= 1) return;
  throw ConfigError(concat(optimizer, "'s max_norm must not be negative and accumulate must be at least 1, but they ",
                           "are ", max_norm, " and ", accumulate));
}

/// FusedState<Rule> for parameters on the CPU, else ForeachState<Rule>. Decided once.
template <class Rule>
class RuleOptimizer {
 public:
  RuleOptimizer(std::vector<torch::Tensor> parameters, RuleTable<Rule> rules, const GradientHandling& handling)
      : state_(made(parameters, rules)), rate_(rules.base().lr), handling_(handling) {}

  /// What can fail of the next apply() with these gradients. Throws NonFiniteError if a norm that is to be clipped is
  /// not finite: clipping would make all gradients so.
  void prepare(std::span<const torch::Tensor> gradients) {
    if (!clips()) return;
    clipped_.reset();
    scale_ = clipping(std::sqrt(squared_norm(gradients)));
    prepared_ = true;
  }

  /// The same on an accelerator without a wait: the norm, which was not read, if it is to be clipped. One that is not
  /// finite makes the next apply() spoil the parameters, so whoever does not look at it must look at those.
  [[nodiscard]] torch::Tensor probe(std::span<const torch::Tensor> gradients) {
    if (!clips()) return {};
    const auto* state = std::get_if<ForeachState<Rule>>(&state_);
    if (state == nullptr) {
      prepare(gradients);
      return {};
    }
    const torch::NoGradGuard no_grad;
    const torch::Tensor norm = state->norm(gradients);
    clipped_ = norm.defined() ? (handling_.max_norm / (norm + tiny)).clamp_max(1.0) : torch::Tensor();
    scale_ = 1.0;
    prepared_ = true;
    return norm;
  }

  void apply(std::span<const torch::Tensor> gradients) {
    if (!clips()) return update(gradients, 1.0);
    if (!prepared_) prepare(gradients);
    prepared_ = false;
    if (clipped_.defined()) {
      std::get<ForeachState<Rule>>(state_).apply(gradients, clipped_);
    } else {
      update(gradients, scale_);
    }
  }

  void scale_rate(double factor) {
    factor_ = factor;
    std::visit([&](auto& state) { state.scale_rate(factor); }, state_);
  }
  /// That of parameters which no group says anything else of.
  [[nodiscard]] double rate() const { return rate_ * factor_; }

  template <StateVisitor V>
  void visit_state(std::span<const std::string> names, V& visitor) {
    std::visit([&](auto& state) { state.visit_state(names, visitor); }, state_);
  }

  /// Goes on with what `other` knows of the parameters that both have; of others it knows nothing.
  void take_over(RuleOptimizer& other) {
    StateDict known;
    SaveState save(known);
    other.visit_state(keys_of(other.parameters()), save);
    LoadState load(known);
    KnownParts parts(known, load);
    visit_state(keys_of(parameters()), parts);
    scale_rate(other.factor_);
  }

  [[nodiscard]] bool is_fused() const { return std::holds_alternative<FusedState<Rule>>(state_); }

 private:
  using State = std::variant<FusedState<Rule>, ForeachState<Rule>>;
  static constexpr double tiny = 1e-6;  // as in LibTorch's clip_grad_norm_

  static State made(const std::vector<torch::Tensor>& parameters, const RuleTable<Rule>& rules) {
    if (!parameters.empty() && can_fuse(parameters)) {
      return State(std::in_place_type<FusedState<Rule>>, parameters, rules);
    }
    return State(std::in_place_type<ForeachState<Rule>>, parameters, rules);
  }

  [[nodiscard]] const std::vector<torch::Tensor>& parameters() const {
    return std::visit([](const auto& state) -> const std::vector<torch::Tensor>& { return state.parameters(); },
                      state_);
  }

  /// Something that only the same tensor has, for as long as it lives.
  static std::vector<std::string> keys_of(const std::vector<torch::Tensor>& parameters) {
    std::vector<std::string> keys;
    for (const torch::Tensor& parameter : parameters) {
      keys.push_back(concat(static_cast<const void*>(parameter.unsafeGetTensorImpl())));
    }
    return keys;
  }

  [[nodiscard]] bool clips() const { return handling_.max_norm > 0; }

  [[nodiscard]] double squared_norm(std::span<const torch::Tensor> gradients) const {
    return std::visit([&](const auto& state) { return state.squared_norm(gradients); }, state_);
  }

  [[nodiscard]] double clipping(double norm) const {
    if (!std::isfinite(norm)) {
      throw NonFiniteError(
          concat("the norm of the gradients is ", norm, ", though the loss is finite; lower the ", "learning rate"));
    }
    return std::fmin(1.0, handling_.max_norm / (norm + tiny));
  }

  void update(std::span<const torch::Tensor> gradients, double scale) {
    std::visit([&](auto& state) { state.apply(gradients, scale); }, state_);
  }

  State state_;
  double rate_;
  double factor_ = 1.0;
  GradientHandling handling_;
  double scale_ = 1.0;     // of the update that is prepared
  torch::Tensor clipped_;  // the same on the device, where it is not read
  bool prepared_ = false;
};

}  // namespace afd::detail
