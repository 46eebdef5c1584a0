// SPDX-License-Identifier: MIT
#pragma once

// One walk of a score over batches: which networks it is for, and what becomes of their outputs.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/data/batch_check.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/network.hpp>
#include <afd/observe/score.hpp>
#include <afd/observe/sharing.hpp>

namespace afd {

/// A score's results for K networks. One that was not scored has no samples, and NaN for its numbers.
template <class S, std::size_t K>
struct CohortScores {
  std::array<typename S::Result, K> networks;
  /// Of what the score makes of all members together; nothing of a score without, and of members that return different
  /// shapes.
  typename S::Result ensemble;
};

namespace detail {

/// What network I of K takes of a batch.
template <class B, std::size_t I, std::size_t K>
using ScoreInputs = std::remove_cvref_t<decltype(inputs_of<I, K>(std::declval<const typename B::Inputs&>()))>;

/// What score S sees of network I for batches of type B, a BasicBatch.
template <class S, class B, std::size_t I, class... Nets>
struct ScoreFlow {
  using Network = std::remove_cvref_t<std::tuple_element_t<I, std::tuple<Nets...>>>;
  using Out = OutputsOf<Network, ScoreInputs<B, I, sizeof...(Nets)>>;
  using Read = ScoreRead<S, Out>;
  using View = ScoreView<S, Read>;
  static constexpr bool is_teacher = is_frozen<Network>;
  static constexpr bool fits = ScoreAdds<S, Read, typename B::Targets>;
};

/// The view that ensembles are made of: that of the first network that is trained and scored, else of the first that is
/// scored; void if there is none.
template <class... Flows>
struct SharedView {
  using type = void;
};
template <class Flow, class... Flows>
struct SharedView<Flow, Flows...> {
  using Next = typename SharedView<Flows...>::type;
  static constexpr bool is_it = Flow::fits && (!Flow::is_teacher || !((!Flows::is_teacher && Flows::fits) || ...));
  using type = std::conditional_t<is_it, typename Flow::View, Next>;
};

/// Scores of one walk.
template <class S, class B, class... Nets>
class Evaluation {
 public:
  static constexpr std::size_t K = sizeof...(Nets);
  using Members = std::array<bool, K>;

  /// `members`: who makes up the ensemble. Others are scored only if their outputs are like a member's.
  Evaluation(const S& score, const Members& members)
      : members_(members), scores_(copies(score, std::make_index_sequence<K>{})), ensemble_(score) {}

  void add(const B& batch, Nets&... networks) {
    const auto all = std::tie(networks...);
    const std::int64_t samples = check_batch_form(batch);
    if (!devices_) devices_ = {device_of_module(module_of(networks))...};
    inputs_.add(batch.inputs);
    Joined joined;
    for (const bool members : {true, false}) {
      for_each_index<K>([&](auto k) {
        if (members_[k] == members && !left_out_[k]) add_network<k>(std::get<k>(all), batch, samples, joined);
      });
    }
    if constexpr (has_ensemble) {
      has_joined_ = has_joined_ && joined.agree && !joined.views.empty();
      if (has_joined_) named([&] { ensemble_.add(S::ensemble(joined.views), batch.targets); }, "the ensemble");
    }
  }

  /// With the samples of all processes from now on.
  template <class Exchange>
  void share(const Exchange& exchange) {
    if constexpr (require_score_shares<S>()) {
      Sharing sharing;
      std::array<std::int64_t, K> left_out{};
      for (std::size_t k = 0; k < K; ++k) {
        left_out[k] = left_out_[k] ? 1 : 0;
        sharing.add(left_out[k]);
      }
      std::int64_t apart = has_joined_ ? 0 : 1;
      sharing.add(apart);
      for (S& score : scores_) score.share(sharing);
      ensemble_.share(sharing);
      exchange.share(sharing);
      for (std::size_t k = 0; k < K; ++k) left_out_[k] = left_out[k] > 0;
      has_joined_ = apart == 0;
    }
  }

  /// Throws what result() of the score throws, DataError if there was nothing.
  [[nodiscard]] CohortScores<S, K> scores() const {
    inputs_.require_finite();
    CohortScores<S, K> result;
    for (std::size_t k = 0; k < K; ++k) result.networks[k] = left_out_[k] ? not_scored<S>() : scores_[k].result();
    result.ensemble = has_ensemble && has_joined_ ? ensemble_.result() : not_scored<S>();
    return result;
  }

 private:
  template <std::size_t I>
  using Flow = ScoreFlow<S, B, I, Nets...>;
  template <std::size_t... I>
  static SharedView<Flow<I>...> shared_view(std::index_sequence<I...>);
  using View = typename decltype(shared_view(std::make_index_sequence<K>{}))::type;
  static constexpr bool has_ensemble = ScoreHasEnsemble<S, View>;

  /// What the members say of one batch.
  struct Joined {
    std::vector<View> views;
    std::vector<torch::Tensor> read;                   ///< where that is one tensor
    bool agree = true;                                 ///< they have one form
    std::optional<std::vector<std::int64_t>> checked;  ///< sizes that the batch's targets are known to fit
  };

  template <std::size_t... I>
  static std::array<S, K> copies(const S& score, std::index_sequence<I...>) {
    return {{(static_cast<void>(I), score)...}};
  }

  template <std::size_t I, class N>
  void add_network(N& network, const B& batch, std::int64_t samples, Joined& joined) {
    if constexpr (!Flow<I>::fits) {
      left_out_[I] = true;
    } else {
      const auto scored = [&] {
        const auto& inputs = inputs_of<I, K>(batch.inputs);
        if ((*devices_)[I]) check_inputs_are_on(*(*devices_)[I], inputs, "it is");
        const auto outputs = run(network, inputs);
        const auto& read = ScoreReads<S>::of(outputs);
        if (!members_[I] && !is_there(read)) return false;
        ScoreReads<S>::check(outputs, samples);
        if (!members_[I] && !is_like(read, joined)) return false;
        if constexpr (ScoreChecks<S, typename Flow<I>::Read, typename B::Targets>) {
          if (is_new(read, joined)) scores_[I].check(read, batch.targets);
        }
        const auto& view = score_view(scores_[I], read);
        scores_[I].add(view, batch.targets);
        if (members_[I]) join(read, view, joined);
        return true;
      };
      left_out_[I] = !named(scored, "network ", I);
    }
  }

  static std::optional<torch::Device> device_of_module(const torch::nn::Module& module) {
    const std::vector<torch::Tensor> parameters = module.parameters();
    return parameters.empty() ? std::nullopt : std::optional(parameters.front().device());
  }

  /// A teacher may have no head.
  template <class Read>
  static bool is_there(const Read& read) {
    if constexpr (std::is_same_v<Read, torch::Tensor>) {
      return read.defined();
    } else {
      return true;
    }
  }

  /// Targets are checked, and read, once for all networks that return one tensor of one form.
  template <class Read>
  static bool is_new(const Read& read, Joined& joined) {
    if constexpr (std::is_same_v<Read, torch::Tensor>) {
      if (joined.checked && read.sizes() == *joined.checked) return false;
      joined.checked = read.sizes().vec();
    }
    return true;
  }

  /// A teacher with other classes would be scored by labels that are not its own. Of a struct of the user's only the
  /// score knows; where there is no member, there is nothing to be like.
  template <class Read>
  static bool is_like(const Read& read, const Joined& joined) {
    if constexpr (std::is_same_v<Read, torch::Tensor>) {
      const auto is_same = [&](const torch::Tensor& of_member) { return of_member.sizes() == read.sizes(); };
      return joined.read.empty() || std::any_of(joined.read.begin(), joined.read.end(), is_same);
    } else {
      return true;
    }
  }

  template <class Read, class V>
  static void join(const Read& read, const V& view, Joined& joined) {
    if constexpr (std::is_same_v<Read, torch::Tensor>) {
      joined.read.push_back(read);
      joined.agree = joined.agree && joined.read.front().sizes() == read.sizes();
    }
    if constexpr (has_ensemble && std::is_same_v<V, View>) {
      joined.views.push_back(view);
    } else {
      joined.agree = false;
    }
  }

  Members members_;
  std::array<S, K> scores_;
  S ensemble_;
  InputWatch inputs_;
  std::optional<std::array<std::optional<torch::Device>, K>> devices_;  // of networks that have parameters
  Members left_out_{};
  bool has_joined_ = true;
};

}  // namespace detail
}  // namespace afd
