// SPDX-License-Identifier: MIT
#pragma once

// Keeps a step that cannot go on from leaving anything behind: what is put back, what is counted, and what is known of
// a step that failed half-way.

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/compute/buffer_snapshot.hpp>
#include <afd/compute/precision.hpp>
#include <afd/error.hpp>
#include <afd/step/finite_check.hpp>
#include <afd/step/loss_scale.hpp>
#include <afd/step/loss_watch.hpp>
#include <afd/step/options.hpp>

namespace afd::detail {

template <class Plan, class Policy>
class Guard {
 public:
  static constexpr bool defers = std::is_same_v<Policy, DeferNonFinite>;
  /// Whether losses, gradients and data are looked at before weights change.
  static constexpr bool looks = !defers && !std::is_same_v<Policy, UncheckedLosses>;

  /// `buffers`: running statistics of every module that a step trains.
  explicit Guard(std::vector<torch::Tensor> buffers, Precision precision = Precision::full)
      : loss_scale(precision), statistics_(std::move(buffers)) {}

  /// From the next step on these are the running statistics.
  void follow(std::vector<torch::Tensor> buffers) { statistics_ = BufferStore(std::move(buffers)); }

  /// One step. What it does not finish, its end undoes, as far as the policy can.
  class Attempt {
   public:
    Attempt(Guard& guard, const Policy& policy)
        : guard_(guard), policy_(policy), was_torn_(guard.is_torn), snapshot_(guard.statistics_, &guard.is_torn) {
      if constexpr (!looks) guard_.is_torn = true;  // statistics are not put back
    }

    /// Whether the step must not go on. Throws NonFiniteError if the policy says so. `prepare` looks at gradients.
    template <class Prepare>
    bool refuses(const std::array<torch::Tensor, Plan::entry_count>& losses, const Prepare& prepare) {
      if constexpr (looks) {
        if (refuses_losses<Plan>(losses, policy_, guard_.skipped)) return true;
      }
      if (!guard_.loss_scale.is_used()) return refuses_gradients(prepare, policy_, guard_.skipped);
      try {
        prepare();
        return false;
      } catch (const NonFiniteError&) {  // of the scale, most likely
        if (!guard_.loss_scale.shrink()) return refuses_gradients([] { throw; }, policy_, guard_.skipped);
      }
      ++guard_.skipped.total;
      return true;
    }

    /// A discriminator is about to change; networks are not.
    void changes_discriminators() { guard_.is_torn = true; }

    /// Weights are about to change.
    void changes_weights() {
      snapshot_.keep();
      guard_.is_torn = true;
    }

    /// All weights have changed.
    void has_changed(const std::array<torch::Tensor, Plan::entry_count>& losses) {
      guard_.skipped.in_a_row = 0;
      guard_.loss_scale.note_update();
      if constexpr (defers) guard_.watch.add(losses, policy_.every);
    }

    /// Nothing of the step can fail any more.
    void ends() {
      snapshot_.put_back();
      guard_.is_torn = was_torn_;
    }

   private:
    using Snapshot = std::conditional_t<looks, BufferSnapshot, NoSnapshot>;

    Guard& guard_;
    const Policy& policy_;
    bool was_torn_;
    Snapshot snapshot_;
  };

  SkippedSteps skipped;
  LossScale loss_scale;
  /// Whether an error ended a step when weights or statistics had changed: they belong to no step then.
  bool is_torn = false;
  /// For DeferNonFinite.
  LossWatch<Plan> watch;

 private:
  BufferStore statistics_;
};

}  // namespace afd::detail
