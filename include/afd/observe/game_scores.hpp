// SPDX-License-Identifier: MIT
#pragma once

// Lets every discriminator judge maps that it is not trained on just now.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/compute/layout.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/data/shard.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>
#include <afd/observe/game_health.hpp>
#include <afd/observe/sharing.hpp>
#include <afd/plan/readings.hpp>
#include <afd/plan/require_fit.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>

namespace afd::detail {

/// How often one discriminator was right.
struct GameCount {
  torch::Tensor real, fake;  ///< how often, not read before the end
  double judged_real = 0, judged_fake = 0;

  void share(Sharing& sharing) {
    sharing.add(real);
    sharing.add(fake);
    sharing.add(judged_real);
    sharing.add(judged_fake);
  }
};

/// Counts the judgements of one batch, in eval mode.
template <class Plan, class Cohort, class B>
void count_games(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, Cohort& cohort,
                 const B& batch, std::vector<GameCount>& counts) {
  const std::int64_t samples = check_batch_form(batch);
  const auto inputs = in_layout(batch.inputs, cohort.channels_last());
  Readings<Plan, B> readings;
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (Plan::is_read(k)) {
      auto outputs = run(std::get<k>(networks), inputs_of<k, Plan::network_count>(inputs));
      readings.template read<k>(strategy, std::move(outputs), samples,
                                [](auto t) { return AdversarialTerm<typename Plan::template Term<t>>; });
    }
  });
  const auto count = [](const torch::Tensor& scores, bool is_real, torch::Tensor& right, double& judged) {
    const torch::Tensor more = (is_real ? scores > 0 : scores <= 0).sum();
    right = right.defined() ? right + more : more;
    judged += static_cast<double>(scores.numel());
  };
  for_each_index<Plan::term_count>([&](auto t) {
    if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
      for_each_index<Plan::template edge_count<t>>([&](auto e) {
        constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
        const auto& term = Plan::template Bound<t>::get(strategy.template get<t>());
        auto& layers = cohort.template layers<t, e>();
        GameCount& game = counts[Plan::template first_discriminator<t> + e];
        const torch::Tensor real = term.real(layers, readings.template teacher<t, edge.teacher>());
        count(layers.discriminator->forward(real), true, game.real, game.judged_real);
        const torch::Tensor fake = term.fake(layers, readings.template student<t, edge.student>());
        count(layers.discriminator->forward(fake), false, game.fake, game.judged_fake);
      });
    }
  });
}

/// Of every edge with a discriminator, term by term; see evaluate_members for `exchange`.
template <class Plan, class Cohort, class Source, class Exchange>
[[nodiscard]] std::vector<GameHealth> game_health_of(const typename Plan::Networks& networks,
                                                     const typename Plan::Strategy& strategy, Cohort& cohort,
                                                     Source& source, [[maybe_unused]] const Exchange& exchange) {
  std::vector<GameHealth> games;
  if constexpr (Plan::discriminator_count > 0) {
    if constexpr (require_fit<Plan, BatchOfSource<Source>>()) {
      const torch::NoGradGuard no_grad;
      std::deque<EvalMode> modes;  // cannot be moved
      for_each_index<Plan::network_count>([&](auto k) { modes.emplace_back(module_of(std::get<k>(networks))); });
      for (const auto& module : cohort.edges().modules()) modes.emplace_back(*module);
      std::vector<GameCount> counts(Plan::discriminator_count);
      const auto count_all = [&] {
        for (auto&& item : source) count_games<Plan>(networks, strategy, cohort, as_batch(item), counts);
      };
      named_device_errors(count_all, "the health of games");
      if constexpr (HasShard<Source> && requires(Sharing& sharing) { exchange.share(sharing); }) {
        if (is_part_of(exchange, source)) {
          Sharing sharing;
          for (GameCount& game : counts) game.share(sharing);
          exchange.share(sharing);
        }
      }
      for_each_index<Plan::term_count>([&](auto t) {
        if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
          for (const Edge& edge : Plan::template TermTopology<t>::edges) {
            const GameCount& game = counts[games.size()];
            if (game.judged_real == 0) {
              throw DataError("there is nothing to judge: the source of batches gave no sample");
            }
            const auto share = [](const torch::Tensor& right, double judged) {
              return static_cast<double>(right.template item<std::int64_t>()) / judged;
            };
            games.push_back({Plan::template name<t>, edge.teacher, edge.student, share(game.real, game.judged_real),
                             share(game.fake, game.judged_fake)});
          }
        }
      });
    }
  }
  return games;
}

}  // namespace afd::detail
