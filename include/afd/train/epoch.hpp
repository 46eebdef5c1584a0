// SPDX-License-Identifier: MIT
#pragma once

// One epoch's walk through a source: where it begins, and what its steps add up to.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include <torch/types.h>

#include <afd/compute/random_numbers.hpp>
#include <afd/data/batch.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Fails to compile with one sentence for a source that would be the same in every epoch only because it is constant.
template <class Train>
consteval bool require_advancing_source() {
  constexpr bool advances = HasEpochs<Train> || !HasEpochs<std::remove_const_t<Train>>;
  static_assert(advances,
                "afd: this source has other batches in each epoch, but it is const, so that fit() cannot tell it which "
                "epoch it is in; pass it without const");
  return advances;
}

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
  state.counts.resize(report.computed.size());
  for (std::size_t i = 0; i < report.computed.size(); ++i) state.counts[i] += report.computed[i] ? 1 : 0;
  torch::Tensor losses;
  if constexpr (Plan::computes_all()) {
    losses = report.stacked().to(torch::kFloat64);
  } else {
    // What was not computed adds nothing; what was not finite must be seen in the mean.
    std::vector<torch::Tensor> known(report.losses.begin(), report.losses.end());
    torch::Tensor none;
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (report.computed[i]) continue;
      if (!none.defined()) none = torch::zeros_like(known[i]);
      known[i] = none;
    }
    losses = torch::stack(known).to(torch::kFloat64);
  }
  state.sums = state.sums.defined() ? state.sums.to(losses.device()) + losses : losses;
}

/// The means of an epoch's losses, in the order of the report's entries; NaN where nothing was computed.
template <class State>
[[nodiscard]] std::vector<double> mean_losses(const State& state, std::size_t count) {
  std::vector<double> losses(count, std::numeric_limits<double>::quiet_NaN());
  if (!state.sums.defined()) return losses;
  const torch::Tensor sums = state.sums.to(torch::kCPU);
  for (std::size_t i = 0; i < count; ++i) {
    if (state.counts[i] > 0) losses[i] = sums.data_ptr<double>()[i] / static_cast<double>(state.counts[i]);
  }
  return losses;
}

}  // namespace afd::detail
