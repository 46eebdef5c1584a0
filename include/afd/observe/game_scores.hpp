// SPDX-License-Identifier: MIT
#pragma once

// Lets every discriminator judge maps that it is not trained on just now.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <tuple>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/compute/layout.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>
#include <afd/observe/game_health.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>

namespace afd::detail {

/// Of every edge with a discriminator, term by term.
template <class Plan, class Cohort, class Source>
[[nodiscard]] std::vector<GameHealth> game_health_of(const typename Plan::Networks& networks,
                                                     const typename Plan::Strategy& strategy, Cohort& cohort,
                                                     Source& source) {
  std::vector<GameHealth> games;
  if constexpr (Plan::discriminator_count > 0) {
    const torch::NoGradGuard no_grad;
    std::deque<EvalMode> modes;  // cannot be moved
    for_each_index<Plan::network_count>([&](auto k) { modes.emplace_back(module_of(std::get<k>(networks))); });
    for (const auto& module : cohort.edge_modules()) modes.emplace_back(*module);

    torch::Tensor real = torch::zeros({static_cast<std::int64_t>(Plan::discriminator_count)}, torch::kFloat64);
    torch::Tensor fake = real.clone(), judged_real = real.clone(), judged_fake = real.clone();
    for (auto&& item : source) {
      const Batch batch = as_batch(item);
      check_batch_form(batch);
      std::array<Outputs, Plan::network_count> outputs;
      for_each_index<Plan::network_count>(
          [&](auto k) { outputs[k] = run(std::get<k>(networks), in_layout(batch.inputs, cohort.channels_last())); });
      for_each_index<Plan::term_count>([&](auto t) {
        using Term = typename Plan::template Term<t>;
        if constexpr (AdversarialTerm<Term>) {
          for_each_index<Plan::template edge_count<t>>([&](auto e) {
            constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
            constexpr auto d = static_cast<std::int64_t>(Plan::template first_discriminator<t> + e);
            const Term& term = Plan::template Bound<t>::get(strategy.template get<t>());
            auto& layers = cohort.template layers<t, e>();
            const auto count = [&](const torch::Tensor& map, bool is_real, torch::Tensor& right, torch::Tensor& all) {
              const torch::Tensor scores = layers.discriminator->forward(map);
              right[d] += (is_real ? scores > 0 : scores <= 0).sum().template item<double>();
              all[d] += static_cast<double>(scores.numel());
            };
            count(term.real(layers, term.view(outputs[edge.teacher])), true, real, judged_real);
            count(term.fake(layers, term.view(outputs[edge.student])), false, fake, judged_fake);
          });
        }
      });
    }
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        for (const Edge& edge : Plan::template TermTopology<t>::edges) {
          const auto d = static_cast<std::int64_t>(games.size());
          if (judged_real[d].template item<double>() == 0) {
            throw DataError("there is nothing to judge: the source of batches gave no sample");
          }
          games.push_back({Plan::template Term<t>::name, edge.teacher, edge.student,
                           (real[d] / judged_real[d]).template item<double>(),
                           (fake[d] / judged_fake[d]).template item<double>()});
        }
      }
    });
  }
  return games;
}

}  // namespace afd::detail
