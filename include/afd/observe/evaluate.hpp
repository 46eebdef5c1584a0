// SPDX-License-Identifier: MIT
#pragma once

// Evaluates networks, and their ensemble, on a source of batches.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/network/check_outputs.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>
#include <afd/observe/scores.hpp>

namespace afd {

template <std::size_t K>
struct CohortScores {
  std::array<Scores, K> networks;
  Scores ensemble;  ///< of the mean of the members' class probabilities
};

namespace detail {

/// Eval mode of a network, made from its handle.
template <class N>
struct EvalModeOf : EvalMode {
  explicit EvalModeOf(N& network) : EvalMode(module_of(network)) {}
};

/// Scores of all `networks`, and of the ensemble of those that `members` names.
template <class Source, class... Nets>
CohortScores<sizeof...(Nets)> evaluate_members(Source& source, const std::array<bool, sizeof...(Nets)>& members,
                                               Nets&... networks) {
  constexpr std::size_t K = sizeof...(Nets);
  const torch::NoGradGuard no_grad;
  const std::tuple<EvalModeOf<Nets>...> eval_modes{networks...};
  const auto all = std::tie(networks...);
  std::array<ScoreSums, K> sums;
  ScoreSums ensemble;
  for (auto&& item : source) {
    const Batch batch = as_batch(item);
    check_batch_form(batch);
    std::vector<torch::Tensor> votes;
    for_each_index<K>([&](auto k) {
      const Outputs outputs = named([&] { return run(std::get<k>(all), batch.inputs); }, "network ", k.value);
      check_outputs(outputs, batch.inputs.size(0), k);
      if constexpr (k == 0) {
        check_batch_values(batch, outputs.logits.size(1));
      } else {
        check_labels(batch.targets, outputs.logits.size(1));
      }
      const torch::Tensor log_probabilities = torch::log_softmax(outputs.logits, 1);
      sums[k].add(log_probabilities, batch.targets);
      if (members[k]) votes.push_back(log_probabilities);
    });
    if (votes.empty()) continue;
    // log of the mean probability, without leaving log space: a probability may be too small for a float.
    const torch::Tensor mean = torch::logsumexp(torch::stack(votes), 0) - std::log(static_cast<double>(votes.size()));
    ensemble.add(mean, batch.targets);
  }
  CohortScores<K> scores;
  for (std::size_t k = 0; k < K; ++k) scores.networks[k] = sums[k].scores();
  if (std::find(members.begin(), members.end(), true) != members.end()) scores.ensemble = ensemble.scores();
  return scores;
}

}  // namespace detail

/// Scores of each network and of their ensemble: afd::evaluate(test, small, large).networks[0].top1. Runs in eval mode
/// without a graph; modes are put back afterwards. Throws DataError for batches that cannot be trained on and for no
/// samples at all, ShapeError, naming the network by its place, for outputs that do not fit.
template <BatchSource Source, class... Nets>
  requires(sizeof...(Nets) > 0) && (Network<Nets> && ...)
[[nodiscard]] CohortScores<sizeof...(Nets)> evaluate(Source&& source, Nets&&... networks) {
  std::array<bool, sizeof...(Nets)> members;
  members.fill(true);
  return detail::evaluate_members(source, members, networks...);
}

}  // namespace afd
