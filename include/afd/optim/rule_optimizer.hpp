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
#include <afd/optim/gradient_sums.hpp>
#include <afd/optim/rule_table.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// What a policy says of the gradients before the rule sees them.
struct GradientHandling {
  double max_norm = 0;          ///< of all gradients together; 0: any
  std::int64_t accumulate = 1;  ///< updates with the mean over the samples of this many steps
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
  RuleOptimizer(std::vector<torch::Tensor> parameters, RuleTable<Rule> rules, const GradientHandling& handling)
      : state_(made(parameters, rules)), rate_(rules.base().lr), handling_(handling), sums_(parameters.size()) {}

  /// Of how many samples the next gradients are the mean.
  void count_samples(std::int64_t samples) { samples_ = samples; }

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
      update_with_next();
    } else {
      sums_.keep(std::move(next_), samples_);
      next_.clear();
    }
  }

  /// Whether gradients wait for an update that is not due yet.
  [[nodiscard]] bool has_rest() const { return sums_.steps() > 0; }

  /// What can fail of apply_rest(), as prepare() does of apply().
  void prepare_rest() {
    if (!has_rest()) return;
    next_ = sums_.gradients();
    scale_ = sums_.scale();
    clipped_.reset();
    if (handling_.max_norm > 0) scale_ *= clipping(std::sqrt(squared_norm()) * scale_);
  }
  /// The update with the gradients that wait for one: the mean over their samples, fewer than usual.
  void apply_rest() {
    if (!has_rest()) return;
    prepare_rest();
    update_with_next();
  }

  void scale_rate(double factor) {
    factor_ = factor;
    std::visit([&](auto& state) { state.scale_rate(factor); }, state_);
  }
  /// That of parameters which no group says anything else of.
  [[nodiscard]] double rate() const { return rate_ * factor_; }

  /// Of the rule, and of gradients that were summed up since the last update.
  template <StateVisitor V>
  void visit_state(std::span<const std::string> names, V& visitor) {
    std::visit([&](auto& state) { state.visit_state(names, visitor); }, state_);
    if (handling_.accumulate > 1) sums_.visit(names, parameters(), visitor);
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

  [[nodiscard]] bool is_plain() const { return handling_.max_norm == 0 && handling_.accumulate == 1; }
  [[nodiscard]] bool clips() const { return handling_.max_norm > 0 && is_due(); }
  [[nodiscard]] bool is_due() const { return sums_.steps() + 1 >= handling_.accumulate; }

  [[nodiscard]] double squared_norm() const {
    return std::visit([&](const auto& state) { return state.squared_norm(next_); }, state_);
  }

  [[nodiscard]] double clipping(double norm) const {
    if (!std::isfinite(norm)) {
      throw NonFiniteError(
          concat("the norm of the gradients is ", norm, ", though the loss is finite; lower the ", "learning rate"));
    }
    return std::fmin(1.0, handling_.max_norm / (norm + tiny));
  }

  /// What the next update is made of, if it is due.
  void gather(std::span<const torch::Tensor> gradients) {
    next_ = sums_.with(gradients, samples_);
    scale_ = sums_.scale_with(samples_);
    clipped_.reset();
  }

  void update_with_next() {
    if (clipped_.defined()) {
      std::get<ForeachState<Rule>>(state_).apply(next_, clipped_);
    } else {
      update(next_, scale_);
    }
    sums_.clear();
    next_.clear();
  }

  void update(std::span<const torch::Tensor> gradients, double scale) {
    std::visit([&](auto& state) { state.apply(gradients, scale); }, state_);
  }

  State state_;
  double rate_;
  double factor_ = 1.0;
  GradientHandling handling_;
  GradientSums sums_;  // since the last update
  std::int64_t samples_ = 1;
  std::vector<torch::Tensor> next_;  // what sums_ will be, or the update uses
  double scale_ = 1.0;
  torch::Tensor clipped_;  // the same on the device, where it is not read
  bool prepared_ = false;
};

}  // namespace afd::detail
