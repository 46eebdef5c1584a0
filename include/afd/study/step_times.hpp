// SPDX-License-Identifier: MIT
#pragma once

// How long a step takes. Torch-free.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace afd::detail {

/// The median over groups of four steps, so that a loss which is only computed in every fourth counts for a quarter.
class StepTimes {
 public:
  /// After step `step` of an epoch, from 1, which has taken `epoch_seconds` until now. The first one is left out: it
  /// waits for its batch.
  void after_step(std::int64_t step, double epoch_seconds) {
    if (step == 1) group_began_ = epoch_seconds;
    if (step > 1 && (step - 1) % group == 0) {
      means_.push_back((epoch_seconds - group_began_) / group);
      group_began_ = epoch_seconds;
    }
    mean_ = epoch_seconds / static_cast<double>(step);
  }

  /// Seconds of a step; of epochs too short for a group, the mean of the last.
  [[nodiscard]] double median() const {
    if (means_.empty()) return mean_;
    std::vector<double> sorted = means_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

 private:
  static constexpr std::int64_t group = 4;
  std::vector<double> means_;
  double group_began_ = 0, mean_ = 0;
};

}  // namespace afd::detail
