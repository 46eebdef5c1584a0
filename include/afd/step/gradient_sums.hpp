// SPDX-License-Identifier: MIT
#pragma once

// Gradients of several steps, summed up so that their mean is the one over all samples of these steps.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/state/process_parts.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// Each gradient is the mean over the samples of its own step, so that the mean over all of them is
///     sum_i n_i g_i / sum_i n_i = (n_1 / sum_i n_i) sum_i (n_i / n_1) g_i:
/// steps of equal size are summed up as they are.
class GradientSums {
 public:
  explicit GradientSums(std::size_t parameters) : sums_(parameters) {}

  /// How many steps there were since clear().
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  /// And of how many samples they are the mean.
  [[nodiscard]] std::int64_t samples() const { return total_; }
  /// Undefined for parameters that had none.
  [[nodiscard]] const std::vector<torch::Tensor>& gradients() const { return sums_; }
  /// What makes a mean of the sum.
  [[nodiscard]] double scale() const { return static_cast<double>(first_) / static_cast<double>(total_); }

  /// The sum with those of one more step, the mean over `samples`; undefined ones do not count.
  [[nodiscard]] std::vector<torch::Tensor> with(std::span<const torch::Tensor> more, std::int64_t samples) const {
    std::vector<torch::Tensor> all(more.begin(), more.end());
    if (steps_ == 0) return all;
    const torch::NoGradGuard no_grad;
    const double weight = static_cast<double>(samples) / static_cast<double>(first_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].defined() && samples != first_) all[i] = all[i] * weight;
      if (sums_[i].defined()) all[i] = all[i].defined() ? sums_[i] + all[i] : sums_[i];
    }
    return all;
  }
  /// scale() when they are among them.
  [[nodiscard]] double scale_with(std::int64_t samples) const {
    const std::int64_t first = steps_ == 0 ? samples : first_;
    return static_cast<double>(first) / static_cast<double>(total_ + samples);
  }

  /// Keeps what with() gave.
  void keep(std::vector<torch::Tensor> sums, std::int64_t samples) {
    if (steps_ == 0) first_ = samples;
    sums_ = std::move(sums);
    total_ += samples;
    ++steps_;
  }

  /// Goes on with what `other` has of the parameters that both are of; of others there was nothing.
  void take_over(GradientSums& other, const std::vector<torch::Tensor>& own, const std::vector<torch::Tensor>& others) {
    steps_ = other.steps_;
    total_ = other.total_;
    first_ = other.first_;
    for (std::size_t i = 0; i < own.size(); ++i) {
      for (std::size_t j = 0; j < others.size(); ++j) {
        if (own[i].is_same(others[j])) sums_[i] = std::move(other.sums_[j]);
      }
    }
  }

  void clear() {
    for (torch::Tensor& sum : sums_) sum.reset();
    steps_ = total_ = 0;
    first_ = 1;
  }

  template <StateVisitor V>
  void visit(std::span<const std::string> names, const std::vector<torch::Tensor>& like, V& visitor) {
    const std::string prefix(gathered_key);
    visitor.integer(prefix + "steps", steps_);
    visitor.integer(prefix + "samples", total_);
    visitor.integer(prefix + "samples of the first", first_);
    for (std::size_t i = 0; i < like.size(); ++i) visitor.optional(prefix + "sum/" + names[i], sums_[i], like[i]);
  }

 private:
  std::vector<torch::Tensor> sums_;  // the first step's own tensors, which are only read
  std::int64_t steps_ = 0;
  std::int64_t total_ = 0;  // samples
  std::int64_t first_ = 1;  // samples of the first step
};

}  // namespace afd::detail
