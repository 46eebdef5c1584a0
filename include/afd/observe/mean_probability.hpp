// SPDX-License-Identifier: MIT
#pragma once

// What networks say together: the mean of their probabilities, computed without leaving log space, for a probability
// may be too small for a float.

#include <cmath>
#include <vector>

#include <torch/types.h>

namespace afd::detail {

/// The log of the mean of probabilities that are given as logs, of one shape.
[[nodiscard]] inline torch::Tensor mean_log_probability(const std::vector<torch::Tensor>& log_probabilities) {
  return torch::logsumexp(torch::stack(log_probabilities), 0) - std::log(static_cast<double>(log_probabilities.size()));
}

/// The logit of the mean of sigmoid(logits): the difference of the mean's log and its complement's.
[[nodiscard]] inline torch::Tensor mean_binary_logit(const std::vector<torch::Tensor>& logits) {
  std::vector<torch::Tensor> yes, no;
  for (const torch::Tensor& each : logits) {
    yes.push_back(torch::log_sigmoid(each));
    no.push_back(torch::log_sigmoid(-each));
  }
  return mean_log_probability(yes) - mean_log_probability(no);
}

}  // namespace afd::detail
