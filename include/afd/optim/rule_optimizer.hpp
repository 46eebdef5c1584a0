// SPDX-License-Identifier: MIT
#pragma once

// A running optimizer of an update rule: accumulates gradients over steps, clips their norm, and updates in one pass.

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
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// What a policy says of the gradients before the rule sees them.
struct GradientHandling {
  double max_norm = 0;          ///< of all gradients together; 0: any
  std::int64_t accumulate = 1;  ///< updates with the mean of this many steps' gradients
};

inline void require_gradient_handling(double max_norm, std::int64_t accumulate, const char* optimizer) {
  if (max_norm >= 0 && accumulate >= 1) return;
  throw ConfigError(concat(optimizer, "'s max_norm must not be negative and accumulate must be at least 1, but they ",
                           "are ", max_norm, " and ", accumulate));
}

/// FusedState<Rule> for parameters on the CPU, else ForeachState<Rule>. Decided once.
template <class Rule>
class RuleOptimizer {
 public:
  RuleOptimizer(std::vector<torch::Tensor> parameters, const Rule& rule, const GradientHandling& handling)
      : state_(made(std::move(parameters), rule)), handling_(handling) {}

  /// The next apply() with these gradients, as far as it changes nothing. Throws NonFiniteError if a norm that is to be
  /// clipped is not finite: clipping would make all gradients so.
  void prepare(std::span<const torch::Tensor> gradients) {
    if (is_plain()) return;
    gather(gradients);
    if (clips()) scale_ *= clipping(std::sqrt(squared_norm()) * scale_);
    prepared_ = true;
  }

  /// The same on an accelerator without a wait: the norm, which was not read, if it is to be clipped. One that is not
  /// finite makes the next apply() spoil the parameters, so whoever does not look at it must look at those.
  [[nodiscard]] torch::Tensor probe(std::span<const torch::Tensor> gradients) {
    if (is_plain()) return {};
    const auto* state = std::get_if<ForeachState<Rule>>(&state_);
    if (state == nullptr) {
      prepare(gradients);
      return {};
    }
    const torch::NoGradGuard no_grad;
    gather(gradients);
    prepared_ = true;
    torch::Tensor norm = clips() ? state->norm(next_) : torch::Tensor();
    if (!norm.defined()) return {};
    norm = norm * scale_;
    clipped_ = (handling_.max_norm / (norm + tiny)).clamp_max(1.0) * scale_;
    return norm;
  }

  void apply(std::span<const torch::Tensor> gradients) {
    if (is_plain()) return update(gradients, 1.0);
    if (!prepared_) prepare(gradients);
    prepared_ = false;
    if (is_due()) {
      if (clipped_.defined()) {
        std::get<ForeachState<Rule>>(state_).apply(next_, clipped_);
      } else {
        update(next_, scale_);
      }
      sums_.clear();
      next_.clear();
      steps_ = 0;
    } else {
      sums_ = std::move(next_);
      ++steps_;
    }
  }

  void scale_rate(double factor) {
    std::visit([&](auto& state) { state.scale_rate(factor); }, state_);
  }

  /// Of the rule, and of gradients that were summed up since the last update.
  template <StateVisitor V>
  void visit_state(std::span<const std::string> names, V& visitor) {
    std::visit([&](auto& state) { state.visit_state(names, visitor); }, state_);
    visitor.integer("accumulated", steps_);
    if (handling_.accumulate == 1) return;
    const std::vector<torch::Tensor>& like =
        std::visit([](auto& state) -> const std::vector<torch::Tensor>& { return state.parameters(); }, state_);
    sums_.resize(like.size());
    for (std::size_t i = 0; i < like.size(); ++i) visitor.optional("sum/" + names[i], sums_[i], like[i]);
  }

  [[nodiscard]] bool is_fused() const { return std::holds_alternative<FusedState<Rule>>(state_); }

 private:
  using State = std::variant<FusedState<Rule>, ForeachState<Rule>>;
  static constexpr double tiny = 1e-6;  // as in LibTorch's clip_grad_norm_

  static State made(std::vector<torch::Tensor> parameters, const Rule& rule) {
    if (!parameters.empty() && can_fuse(parameters)) {
      return State(std::in_place_type<FusedState<Rule>>, std::move(parameters), rule);
    }
    return State(std::in_place_type<ForeachState<Rule>>, std::move(parameters), rule);
  }

  [[nodiscard]] bool is_plain() const { return handling_.max_norm == 0 && handling_.accumulate == 1; }
  [[nodiscard]] bool clips() const { return handling_.max_norm > 0 && is_due(); }
  [[nodiscard]] bool is_due() const { return steps_ + 1 == handling_.accumulate; }

  [[nodiscard]] double squared_norm() const {
    return std::visit([&](const auto& state) { return state.squared_norm(next_); }, state_);
  }

  [[nodiscard]] double clipping(double norm) const {
    if (!std::isfinite(norm)) {
      throw NonFiniteError(concat("the norm of the gradients is ", norm, ", though the loss is finite; no weight was ",
                                  "changed; lower the learning rate"));
    }
    return std::fmin(1.0, handling_.max_norm / (norm + tiny));
  }

  /// What the next update is made of, if it is due.
  void gather(std::span<const torch::Tensor> gradients) {
    const torch::NoGradGuard no_grad;
    next_.assign(gradients.begin(), gradients.end());
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      if (sums_[i].defined()) next_[i] = next_[i].defined() ? sums_[i] + next_[i] : sums_[i];
    }
    scale_ = 1.0 / static_cast<double>(handling_.accumulate);
    clipped_.reset();
  }

  void update(std::span<const torch::Tensor> gradients, double scale) {
    std::visit([&](auto& state) { state.apply(gradients, scale); }, state_);
  }

  State state_;
  GradientHandling handling_;
  std::int64_t steps_ = 0;           // since the last update
  std::vector<torch::Tensor> sums_;  // of their gradients; the first one's own tensors, which are only read
  std::vector<torch::Tensor> next_;  // what sums_ will be, or the update uses
  double scale_ = 1.0;
  torch::Tensor clipped_;  // the same on the device, where it is not read
  bool prepared_ = false;
};

}  // namespace afd::detail
