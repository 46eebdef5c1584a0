// SPDX-License-Identifier: MIT
#pragma once

// Losses that are looked at on their device, and read by the host now and then.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/plan/loss_entry.hpp>

namespace afd::detail {

/// Notes on the device which losses were ever not finite.
template <class Plan>
class LossWatch {
 public:
  static constexpr std::size_t count = Plan::entry_count;

  /// Those of a step; undefined ones were not computed. Every `every` steps they are read, see require_finite().
  void add(const std::array<torch::Tensor, count>& losses, std::int64_t every) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> all;
    for (const torch::Tensor& loss : losses) {
      if (loss.defined() && !none_.defined()) none_ = torch::zeros_like(loss);
    }
    if (!none_.defined()) return;
    for (const torch::Tensor& loss : losses) all.push_back(loss.defined() ? loss.detach() : none_);
    // 0 for what is finite, else NaN, which stays.
    const torch::Tensor poison = torch::stack(all).mul_(0);
    poison_ = poison_.defined() ? poison_.add_(poison) : poison;
    if (++steps_ >= every) require_finite();
  }

  /// Throws NonFiniteError that names the first of them. Waits for the device.
  void require_finite() {
    if (!poison_.defined() || steps_ == 0) return;
    const torch::Tensor seen = poison_.to(torch::kCPU, torch::kFloat64);
    for (std::size_t i = 0; i < count; ++i) {
      if (std::isfinite(seen[static_cast<std::int64_t>(i)].template item<double>())) continue;
      const LossEntry& at = Plan::entries[i];
      const char* who = at.kind == LossKind::discriminator ? " (discriminator)" : "";
      throw NonFiniteError(concat(at.place(), ": the loss ", at.term, who, " was not finite in one of the last ",
                                  steps_, " steps, and weights have changed since; go on from the last checkpoint, ",
                                  "with afd::SkipNonFinite"));
    }
    steps_ = 0;
  }

 private:
  torch::Tensor poison_, none_;
  std::int64_t steps_ = 0;
};

}  // namespace afd::detail
