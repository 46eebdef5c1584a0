// SPDX-License-Identifier: MIT
#pragma once

// Keeps small gradients from vanishing in float16.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include <afd/compute/precision.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// What losses are multiplied by for their gradients, which are divided by it again: a power of two, by which in float
/// nothing changes but what would vanish. A step whose gradients are not finite then changes nothing and halves it;
/// after many steps in a row that were it is doubled. One for all networks. After torch.cuda.amp.GradScaler
/// (Micikevicius et al., ICLR 2018, arXiv 1710.03740), whose numbers these are, but for the bounds: it is at most 2^32,
/// and at least 1, for gradients that are not finite then are so themselves.
class LossScale {
 public:
  static constexpr double first = 65536;
  static constexpr double most = 4294967296;
  static constexpr std::int64_t steps_to_double = 2000;

  /// Of another precision than float16 it is 1 and stays so.
  explicit LossScale(Precision precision) : is_used_(precision == Precision::float16), scale_(is_used_ ? first : 1.0) {}

  [[nodiscard]] bool is_used() const { return is_used_; }
  [[nodiscard]] double now() const { return scale_; }

  /// After gradients that were not finite; false if it cannot be halved any more.
  [[nodiscard]] bool shrink() {
    if (scale_ <= 1) return false;
    scale_ /= 2;
    steps_ = 0;
    return true;
  }

  /// After an update.
  void note_update() {
    if (!is_used_ || ++steps_ < steps_to_double) return;
    scale_ = std::min(most, scale_ * 2);
    steps_ = 0;
  }

  template <StateVisitor V>
  void visit_state(V& visitor) {
    visitor.real("loss scale", scale_);
    visitor.integer("steps with this loss scale", steps_);
  }

 private:
  bool is_used_;
  double scale_;
  std::int64_t steps_ = 0;
};

/// Gradients times `factor`; undefined ones stay so. Not in place: two parameters may have been given one tensor.
[[nodiscard]] inline std::vector<torch::Tensor> scaled(std::vector<torch::Tensor> gradients, double factor) {
  if (factor == 1) return gradients;
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& gradient : gradients) {
    if (gradient.defined()) gradient = gradient * factor;
  }
  return gradients;
}

}  // namespace afd::detail
