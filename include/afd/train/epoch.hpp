// SPDX-License-Identifier: MIT
#pragma once

// One epoch's walk through a source: where it begins, and what its steps add up to.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <torch/types.h>

#include <afd/compute/random_numbers.hpp>
#include <afd/data/batch.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Tells the source where to begin; returns how many batches are still to be passed over. Until they are, `walking`
/// keeps the random numbers of now, and the source draws from those that the epoch began with.
template <class Train, class State>
std::int64_t enter_epoch(Train& train, State& state, std::optional<RandomNumbersGuard>& walking) {
  if constexpr (CanResumeEpoch<Train>) {
    if (can_resume_epoch(train)) {
      train.start_epoch(state.epoch, state.step);
      return 0;
    }
  }
  if (state.step == 0) state.epoch_random = cpu_generator().get_state();
  if (state.step > 0 && state.epoch_random.defined()) {
    walking.emplace(RandomNumbers(std::vector<torch::Device>{}));
    cpu_generator().set_state(state.epoch_random);
  }
  if constexpr (HasEpochs<Train>) train.start_epoch(state.epoch);
  return state.step;
}

/// Throws DataError for an epoch that ended before it could begin.
template <class State>
void require_batches(const State& state, std::int64_t left_to_skip) {
  if (left_to_skip > 0) {
    throw DataError(concat("the training source gave only ", state.step - left_to_skip, " batches, but ", state.step,
                           " of epoch ", state.epoch + 1,
                           " are trained already: it is not the one that was trained on"));
  }
  if (state.step == 0) {
    throw DataError("the training source gave no batch; a one-pass source is used up after an epoch");
  }
}

/// Adds the losses of a step to those of its epoch.
template <class Plan, class State, class Report>
void add_losses(State& state, const Report& report) {
  if (report.skipped) {
    ++state.skipped;
    return;
  }
  torch::Tensor losses = report.stacked().to(torch::kFloat64);
  const auto add = [&](torch::Tensor& sum, const torch::Tensor& value) {
    sum = sum.defined() ? sum.to(value.device()) + value : value;
  };
  if constexpr (!Plan::computes_all()) {
    const torch::Tensor known = losses.isfinite();
    add(state.counts, known.to(torch::kFloat64));
    losses = torch::where(known, losses, torch::zeros_like(losses));
  }
  add(state.sums, losses);
}

/// The means of an epoch's losses, in the order of the report's entries; NaN where nothing was computed.
template <class State>
[[nodiscard]] std::vector<double> mean_losses(const State& state, std::size_t count) {
  std::vector<double> losses(count, std::numeric_limits<double>::quiet_NaN());
  if (!state.sums.defined()) return losses;
  const torch::Tensor computed = state.counts.defined()
                                     ? state.counts
                                     : torch::full_like(state.sums, static_cast<double>(state.step - state.skipped));
  const torch::Tensor means = (state.sums / computed).to(torch::kCPU);
  for (std::size_t i = 0; i < count; ++i) losses[i] = means.data_ptr<double>()[i];
  return losses;
}

}  // namespace afd::detail
