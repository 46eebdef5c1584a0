// SPDX-License-Identifier: MIT
#pragma once

// What is minimised by which parameters, and how: the one noun over which gradients are taken, looked at and applied.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/detail/libtorch.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/finite_check.hpp>
#include <afd/step/gradient_sums.hpp>
#include <afd/step/loss_scale.hpp>
#include <afd/step/roster.hpp>

namespace afd::detail {

/// d loss / d inputs; undefined where the loss does not depend on an input. `keep_graph` if another loss needs it. On
/// the way they are `scale` times as large, and hooks see them so.
inline std::vector<torch::Tensor> gradients(const torch::Tensor& loss, const std::vector<torch::Tensor>& inputs,
                                            bool keep_graph, double scale = 1) {
  // Without inputs LibTorch would walk to every leaf there is, and leave gradients in their .grad().
  if (inputs.empty()) return {};
  std::vector<torch::Tensor> factors;
  if (scale != 1) factors.push_back(torch::full_like(loss, scale));
  std::vector<torch::Tensor> all = torch::autograd::grad({loss}, inputs, factors, keep_graph,
                                                         /*create_graph=*/false, /*allow_unused=*/true);
  call_parameter_hooks(inputs, all);
  return scaled(std::move(all), 1 / scale);
}

/// A player of the step: parameters with an optimizer of their own. Its loss is another one in every step. Gradients
/// are gathered here if the policy updates every few steps.
template <class Policy>
class Objective {
 public:
  using State = OptimizerState<Policy>;

  /// `place`: "network 0, logit".
  Objective(std::string place, const Policy& policy, Roster roster)

      : place_(std::move(place)),
        roster_(std::move(roster)),
        was_reached_(roster_.parameters.size(), false),
        sums_(roster_.parameters.size()) {
    if (roster_.parameters.empty()) return;
    named(
        [&] {
          optimizer_.emplace(make_optimizer(policy, roster_.parameters, roster_.names));
          steps_per_update_ = steps_per_update(policy);
        },
        place_);
  }

  [[nodiscard]] const std::string& place() const { return place_; }
  /// What its loss may touch. None for a discriminator without parameters, which has no optimizer either.
  [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return roster_.parameters; }
  [[nodiscard]] const std::vector<std::string>& names() const { return roster_.names; }
  [[nodiscard]] bool has_optimizer() const { return optimizer_.has_value(); }
  [[nodiscard]] State& optimizer() { return *optimizer_; }

  /// Goes on with what `other`, which is not used any more, knows of the parameters that both have.
  void take_over(Objective& other)
    requires OptimizerTakesOver<State>
  {
    if (!optimizer_ || !other.optimizer_) return;
    optimizer_->take_over(*other.optimizer_);
    sums_.take_over(other.sums_, parameters(), other.parameters());
  }

  /// The next gradients are the mean over so many samples.
  void count_samples(std::int64_t samples) { samples_ = samples; }

  /// The gradients of this step's loss, kept until they are applied; for `scale` see LossScale. Throws ConfigError for
  /// a loss that hangs on nothing.
  void take(const torch::Tensor& loss, bool keep_graph, double scale = 1) {
    if (parameters().empty()) return;
    if (!loss.requires_grad()) {
      throw ConfigError(concat(place_, " loss does not depend on its parameters; its forward must not run under ",
                               "NoGradGuard or detach what it returns"));
    }
    named_device_errors([&] { gradients_ = gradients(loss, parameters(), keep_graph, scale); }, place_, ", backward");
    if (measures_) norm_ = norm_of(gradients_);
    note_reached();
    if (!gathers()) return;
    gradients_ = sums_.with(gradients_, samples_);
    if (is_due()) gradients_ = scaled(std::move(gradients_), sums_.scale_with(samples_));
  }

  /// Gives the exchange what an update is made of, if there is one to be made; else shows it to who looks.
  template <class Exchange>
  void exchange(Exchange& exchange, bool looks_at_gradients) {
    if (gradients_.empty()) return;
    if (is_due()) {
      exchange.add(gradients_, parameters(), sums_.samples() + samples_);
    } else if (looks_at_gradients) {
      exchange.watch(sum_of_norms(gradients_));
    }
  }
  /// The gradients are those of all processes now.
  void is_exchanged() {
    if (gradients_.empty() || !is_due()) return;
    if (measures_ && !gathers()) norm_ = norm_of(gradients_);
    note_reached();
  }

  /// Which parameters had a gradient, until stop_noting().
  [[nodiscard]] const std::vector<bool>& was_reached() const { return was_reached_; }
  void stop_noting() { notes_reached_ = false; }

  /// The norm of the last gradients, as a number on their device, if it measures; undefined if there were none.
  [[nodiscard]] const torch::Tensor& norm() const { return norm_; }
  void measure(bool measures) { measures_ = measures; }

  /// Whatever can fail of the update. Throws NonFiniteError for gradients that are not finite, if asked to look.
  void prepare(bool looks_at_gradients) {
    if (gradients_.empty()) return;
    if (looks_at_gradients) named([&] { require_finite_gradients(gradients_); }, place_, " gradients");
    if (is_due()) prepare_optimizer();
  }

  /// For an accelerator, in place of prepare(): what can be done without a wait. Returns a number on the device that is
  /// finite if gradients and update are; undefined if nobody looks at it.
  [[nodiscard]] torch::Tensor probe(bool looks_at_gradients) {
    if (gradients_.empty()) return {};
    torch::Tensor number;
    if constexpr (OptimizerProbes<State>) {
      if (is_due()) number = named([&] { return optimizer_->probe(gradients_); }, place_, " gradients");
    }
    if (!looks_at_gradients) return {};
    return number.defined() ? number : sum_of_norms(gradients_);
  }
  /// What is left of prepare() when gradients are known to be finite: that of optimizers which have no probe().
  void prepare_probed() {
    if constexpr (!OptimizerProbes<State>) prepare(/*looks_at_gradients=*/false);
  }

  /// Updates the parameters, if gradients were taken and an update is due, and lets the gradients go.
  void apply() {
    if (gradients_.empty()) return;
    if (is_due()) {
      update();
    } else {
      sums_.keep(std::move(gradients_), samples_);
      gradients_.clear();
    }
  }

  /// The same without autograd's knowledge, until tell_autograd(): what goes backward through the graph of these
  /// parameters meanwhile does so with their new values.
  void apply_behind_autograd() {
    const at::AutoDispatchBelowADInplaceOrView no_versions;
    apply();
  }
  void tell_autograd() {
    for (const torch::Tensor& parameter : parameters()) parameter.unsafeGetTensorImpl()->bump_version();
  }

  /// Whether an update is made of several steps' gradients.
  [[nodiscard]] bool gathers() const { return steps_per_update_ > 1; }
  /// Whether gradients wait for an update that is not due yet.
  [[nodiscard]] bool has_rest() const { return sums_.steps() > 0; }
  /// What apply_rest() makes an update of; prepare_rest(), what can fail of it, and apply_rest() must follow.
  void gather_rest() {
    if (has_rest()) gradients_ = scaled(sums_.gradients(), sums_.scale());
  }
  template <class Exchange>
  void exchange_rest(Exchange& exchange) {
    if (has_rest()) exchange.add(gradients_, parameters(), sums_.samples());
  }
  void prepare_rest() {
    if (has_rest()) prepare_optimizer();
  }
  /// The update with the gradients that wait for one: the mean over their samples, fewer than usual.
  void apply_rest() {
    if (has_rest()) update();
  }

  /// Lets the gradients of a step go that does not go on.
  void forget() { gradients_.clear(); }

  void scale_rate(double factor) {
    if (optimizer_) optimizer_->scale_rate(factor);
  }
  /// The learning rate of the moment; NaN if there is none, or its optimizer does not tell.
  [[nodiscard]] double rate() const {
    if constexpr (OptimizerTellsRate<State>) {
      if (optimizer_) return optimizer_->rate();
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

  /// Of the optimizer, and of gradients that wait for an update.
  template <StateVisitor V>
  void visit_state(std::span<const std::string> names, V& visitor) {
    optimizer_->visit_state(names, visitor);
    if (gathers()) sums_.visit(names, parameters(), visitor);
  }

 private:
  [[nodiscard]] bool is_due() const { return sums_.steps() + 1 >= steps_per_update_; }

  void note_reached() {
    if (!notes_reached_) return;
    for (std::size_t i = 0; i < gradients_.size(); ++i) was_reached_[i] = was_reached_[i] || gradients_[i].defined();
  }

  void prepare_optimizer() {
    if constexpr (OptimizerPrepares<State>) {
      named([&] { optimizer_->prepare(gradients_); }, place_, " gradients");
    }
  }
  void update() {
    named_device_errors([&] { optimizer_->apply(gradients_); }, place_, ", update");
    gradients_.clear();
    if (gathers()) sums_.clear();
  }

  std::string place_;
  Roster roster_;
  std::optional<State> optimizer_;
  std::vector<torch::Tensor> gradients_;  // of this step; with those before it if an update is made of several
  std::vector<bool> was_reached_;
  bool notes_reached_ = true;
  torch::Tensor norm_;
  bool measures_ = false;
  std::int64_t steps_per_update_ = 1;
  GradientSums sums_;  // since the last update
  std::int64_t samples_ = 1;
};

}  // namespace afd::detail
