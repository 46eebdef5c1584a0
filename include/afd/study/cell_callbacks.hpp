// SPDX-License-Identifier: MIT
#pragma once

// What a study watches while a cell is trained.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/compute/multiply_adds.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/network/named_tensors.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/study/step_times.hpp>
#include <afd/train/events.hpp>

namespace afd::detail {

/// Keeps the weights and statistics that each trained network had after its best evaluation.
template <class D>
class BestWeights {
 public:
  explicit BestWeights(D& distiller) {
    for_each_index<D::network_count>([&](auto k) {
      if constexpr (!D::Plan::frozen[k]) {
        for (const auto& [name, tensor] : named_tensors(module_of(distiller.template network<k>()))) {
          parts_.push_back({concat(k, '/', name), k, tensor, {}});
        }
      }
    });
  }

  template <class S>
  void on_epoch(const EpochEvent<D, S>& event) {
    const torch::NoGradGuard no_grad;
    for (Part& part : parts_) {
      if (event.improved[part.network]) part.best = part.live.detach().clone();
    }
  }

  /// Puts them where the networks are; those of networks that were never evaluated stay as they are.
  void restore() {
    const torch::NoGradGuard no_grad;
    for (Part& part : parts_) {
      if (part.best.defined()) part.live.copy_(part.best);
    }
  }

  template <StateVisitor V>
  void visit_state(V& visitor) {
    for (Part& part : parts_) visitor.optional(part.key, part.best, part.live);
  }

 private:
  struct Part {
    std::string key;
    std::size_t network;
    torch::Tensor live, best;
  };
  std::vector<Part> parts_;
};

/// Times and counts steps, tells how far the training is, and ends it when it is told to.
template <class D>
class CellWatch {
 public:
  /// progress(share) says whether to go on.
  explicit CellWatch(std::function<bool(double share)> progress) : progress_(std::move(progress)) {}

  bool on_step(const StepEvent<D>& event) {
    times_.after_step(event.step, event.epoch_seconds);
    count(event.step, event.samples);
    double epochs = static_cast<double>(event.epoch);
    if (event.epoch_steps) epochs += static_cast<double>(event.step) / static_cast<double>(*event.epoch_steps);
    return progress_(epochs / static_cast<double>(event.epochs));
  }
  template <class S>
  void on_epoch(const EpochEvent<D, S>& event) {
    counter_.reset();
    seconds_ = event.seconds;
  }

  [[nodiscard]] double seconds_per_step() const { return times_.median(); }
  [[nodiscard]] double multiply_adds_per_sample() const { return per_sample_; }
  [[nodiscard]] double seconds() const { return seconds_; }

  template <StateVisitor V>
  void visit_state(V& visitor) {
    visitor.real("multiply-adds per sample", per_sample_);
    visitor.integer("steps of multiply-adds", counted_);
  }

 private:
  /// Those of four steps after another, so that a loss which is only computed in every fourth counts for a quarter, and
  /// not of the first, which may make layers; of fewer where an epoch has no more. A training that goes on counts anew.
  void count(std::int64_t step, std::int64_t samples) {
    if (counted_ == 4) return;
    if (!counter_) {
      counter_.emplace();
      first_step_ = step;
      first_samples_ = samples;
      return;
    }
    if (step - first_step_ > counted_) {
      counted_ = step - first_step_;
      per_sample_ = static_cast<double>(counter_->total()) / static_cast<double>(samples - first_samples_);
    }
    if (counted_ == 4) counter_.reset();
  }

  std::function<bool(double share)> progress_;
  StepTimes times_;
  std::optional<MultiplyAddCounter> counter_;
  std::int64_t first_step_ = 0, first_samples_ = 0, counted_ = 0;
  double per_sample_ = 0, seconds_ = 0;
};

}  // namespace afd::detail
