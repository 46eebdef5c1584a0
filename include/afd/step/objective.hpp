// SPDX-License-Identifier: MIT
#pragma once

// What is minimised by which parameters, and how: the one noun over which gradients are taken, looked at and applied.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/step/finite_check.hpp>

namespace afd::detail {

/// d loss / d inputs; undefined where the loss does not depend on an input. `keep_graph` if another loss needs it.
inline std::vector<torch::Tensor> gradients(const torch::Tensor& loss, const std::vector<torch::Tensor>& inputs,
                                            bool keep_graph) {
  // Without inputs LibTorch would walk to every leaf there is, and leave gradients in their .grad().
  if (inputs.empty()) return {};
  return torch::autograd::grad({loss}, inputs, /*grad_outputs=*/{}, keep_graph, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

/// A player of the step: parameters with an optimizer of their own. Its loss is another one in every step.
template <class Policy>
class Objective {
 public:
  using State = OptimizerState<Policy>;

  /// `place`: "network 0, logit".
  Objective(std::string place, const Policy& policy, std::vector<torch::Tensor> parameters)
      : place_(std::move(place)), parameters_(std::move(parameters)) {
    if (!parameters_.empty()) optimizer_.emplace(policy.make(parameters_));
  }

  [[nodiscard]] const std::string& place() const { return place_; }
  /// What its loss may touch. None for a discriminator without parameters, which has no optimizer either.
  [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return parameters_; }
  [[nodiscard]] bool has_optimizer() const { return optimizer_.has_value(); }
  [[nodiscard]] State& optimizer() { return *optimizer_; }

  /// The gradients of this step's loss, kept until they are applied. Throws ConfigError for a loss that hangs on
  /// nothing.
  void take(const torch::Tensor& loss, bool keep_graph) {
    if (parameters_.empty()) return;
    if (!loss.requires_grad()) {
      throw ConfigError(concat(place_, " loss does not depend on its parameters; its forward must not run under ",
                               "NoGradGuard or detach what it returns"));
    }
    named_device_errors([&] { gradients_ = gradients(loss, parameters_, keep_graph); }, place_, ", backward");
  }

  /// Whatever can fail of the update. Throws NonFiniteError for gradients that are not finite, if asked to look.
  void prepare(bool looks_at_gradients) {
    if (gradients_.empty()) return;
    if (looks_at_gradients) named([&] { require_finite_gradients(gradients_); }, place_, " gradients");
    if constexpr (OptimizerPrepares<State>) {
      named([&] { optimizer_->prepare(gradients_); }, place_, " gradients");
    }
  }

  /// For an accelerator, in place of prepare(): what can be done without a wait. Returns a number on the device that is
  /// finite if gradients and update are; undefined if nobody looks at it.
  [[nodiscard]] torch::Tensor probe(bool looks_at_gradients) {
    if (gradients_.empty()) return {};
    torch::Tensor number;
    if constexpr (OptimizerProbes<State>) {
      number = named([&] { return optimizer_->probe(gradients_); }, place_, " gradients");
    }
    if (!looks_at_gradients) return {};
    return number.defined() ? number : sum_of_norms(gradients_);
  }
  /// What is left of prepare() when gradients are known to be finite: that of optimizers which have no probe().
  void prepare_probed() {
    if constexpr (!OptimizerProbes<State>) prepare(/*looks_at_gradients=*/false);
  }

  /// Updates the parameters, if gradients were taken, and lets the gradients go.
  void apply() {
    if (gradients_.empty()) return;
    named_device_errors([&] { optimizer_->apply(gradients_); }, place_, ", update");
    gradients_.clear();
  }

  /// Lets the gradients of a step go that does not go on.
  void forget() { gradients_.clear(); }

  void scale_rate(double factor) {
    if (optimizer_) optimizer_->scale_rate(factor);
  }

 private:
  std::string place_;
  std::vector<torch::Tensor> parameters_;
  std::optional<State> optimizer_;
  std::vector<torch::Tensor> gradients_;
};

}  // namespace afd::detail
