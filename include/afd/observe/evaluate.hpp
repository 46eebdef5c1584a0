// SPDX-License-Identifier: MIT
#pragma once

// Evaluates networks, and their ensemble, on a source of batches.

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/utils.h>

#include <afd/data/batch.hpp>
#include <afd/data/shard.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/network.hpp>
#include <afd/observe/classification.hpp>
#include <afd/observe/evaluation.hpp>
#include <afd/observe/score.hpp>
#include <afd/observe/sharing.hpp>

namespace afd {

namespace detail {

/// Eval mode of a network, made from its handle.
template <class N>
struct EvalModeOf : EvalMode {
  explicit EvalModeOf(N& network) : EvalMode(module_of(network)) {}
};

/// One sentence if the score cannot read a network that it must: every one that is trained, and some one.
template <class S, class Targets, class... Flows>
consteval bool require_scored() {
  constexpr bool some_one = ((Flows::fits || !Flows::is_teacher) || ...);
  const auto require = []<class Flow>(std::type_identity<Flow>) {
    if constexpr (Flow::fits || (Flow::is_teacher && some_one)) {
      // One that fits may still have a check that nobody would call.
      if constexpr (Flow::fits) return require_score_adds<S, typename Flow::Read, Targets>();
      return true;
    } else if constexpr (require_score_reads<S, typename Flow::Network, typename Flow::Out>()) {
      return require_score_adds<S, typename Flow::Read, Targets>();
    } else {
      return false;
    }
  };
  return (require(std::type_identity<Flows>{}) && ...);
}

/// Whether networks can be run on batches of type B, and be scored; a compile message if not.
template <class S, class B, class... Nets>
consteval bool require_evaluation() {
  if constexpr (require_score<S>()) {
    constexpr bool views = views_fit<typename B::Inputs, sizeof...(Nets)>;
    static_assert(views,
                  "afd: the batch has afd::Views of its samples, but not one for each network that is evaluated: "
                  "network k takes the k-th view");
    if constexpr (views) {
      return []<std::size_t... I>(std::index_sequence<I...>) {
        constexpr bool runs = (require_takes<Nets, ScoreInputs<B, I, sizeof...(Nets)>>() && ...);
        if constexpr (runs) return require_scored<S, typename B::Targets, ScoreFlow<S, B, I, Nets...>...>();
        return false;
      }(std::make_index_sequence<sizeof...(Nets)>{});
    }
  }
  return false;
}

/// Scores of all `networks`, and of the ensemble of those that `members` names. `exchange`: of the processes that have
/// a part of the samples each, where the source says so.
template <class Source, class S, class Exchange, class... Nets>
CohortScores<S, sizeof...(Nets)> evaluate_members(Source& source, const S& score,
                                                  const std::array<bool, sizeof...(Nets)>& members,
                                                  [[maybe_unused]] const Exchange& exchange, Nets&... networks) {
  using B = BatchOfSource<Source>;
  if constexpr (require_evaluation<S, B, std::remove_cvref_t<Nets>...>()) {
    const torch::NoGradGuard no_grad;
    const std::tuple<EvalModeOf<Nets>...> eval_modes{networks...};
    Evaluation<S, B, Nets...> evaluation(score, members);
    const auto whole_walk = [&] {
      if constexpr (HasEpochs<Source>) source.start_epoch(0);
      for (auto&& item : source) evaluation.add(as_batch(item), networks...);
      if constexpr (HasShard<Source> && requires(Sharing& sharing) { exchange.share(sharing); }) {
        if (is_part_of(exchange, source)) evaluation.share(exchange);
      }
      return evaluation.scores();
    };
    return named_device_errors(whole_walk, "an evaluation");
  } else {
    return {};
  }
}

}  // namespace detail

/// Scores of each network and of their ensemble: afd::evaluate(test, afd::Regression{}, small, large).networks[0].mae.
/// Runs in eval mode without a graph; modes are put back afterwards. A source whose epochs differ is walked in its
/// epoch 0, so that the same networks get the same scores each time. Frozen networks are not of the ensemble, unless
/// all are frozen; one that has other classes than the others, or not what the score reads, is not scored. Throws
/// DataError for batches that cannot be scored and for no samples at all, ShapeError, naming the network by its place,
/// for outputs that do not fit.
template <BatchSource Source, class S, class... Nets>
  requires(!Network<S>) && (sizeof...(Nets) > 0) && (Network<Nets> && ...)
[[nodiscard]] CohortScores<S, sizeof...(Nets)> evaluate(Source&& source, const S& score, Nets&&... networks) {
  constexpr bool all_are_frozen = (is_frozen<Nets> && ...);
  const std::array<bool, sizeof...(Nets)> members{(all_are_frozen || !is_frozen<Nets>)...};
  return detail::evaluate_members(source, score, members, NoSharing{}, networks...);
}

/// The same for classifiers: afd::evaluate(test, small, large).networks[0].top1.
template <BatchSource Source, class... Nets>
  requires(sizeof...(Nets) > 0) && (Network<Nets> && ...)
[[nodiscard]] CohortScores<Classification, sizeof...(Nets)> evaluate(Source&& source, Nets&&... networks) {
  return afd::evaluate(source, Classification{}, networks...);
}

}  // namespace afd
