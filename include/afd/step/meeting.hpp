// SPDX-License-Identifier: MIT
#pragma once

// The first thing that processes do together: they see that they train the same, and begin with the same weights.

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/version.h>

#include <afd/compute/execution.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/sync_batch_norm.hpp>
#include <afd/plan/recipe.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/exchange.hpp>
#include <afd/step/run_state.hpp>
#include <afd/version.hpp>

namespace afd::detail {

template <class Plan, class Options>
[[nodiscard]] TrainedNorms trained_norms(const typename Plan::Networks& networks, Cohort<Plan, Options>& cohort) {
  TrainedNorms norms{.in_turn = std::is_same_v<decltype(Options::execution), Sequential>};
  for (const auto& [prefix, root, network] : modules_of_run<Plan>(networks, cohort.edges())) {
    if (Plan::frozen[network]) continue;
    const auto add = [&](torch::nn::Module& module, const std::string& name) {
      if (auto* shares = dynamic_cast<SharesStatistics*>(&module)) return norms.sync.push_back(shares);
      if (is_batch_norm(module)) norms.plain.push_back(name);
    };
    add(*root, prefix);
    for (const auto& item : root->named_modules("", /*include_self=*/false)) add(*item.value(), prefix + item.key());
  }
  return norms;
}

/// Once, when everything is made. Throws ConfigError that names what differs.
template <class Plan, class Options>
void meet(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, const Options& options,
          Cohort<Plan, Options>& cohort) {
  if constexpr (exchanges<decltype(Options::exchange)>) {
    if (cohort.has_met) return;
    Facts facts{{"afd", AFD_VERSION_STRING},
                {"LibTorch", TORCH_VERSION},
                {"memory layout", cohort.channels_last() ? "channels_last" : "as given"}};
    for (const auto& [key, value] : recipe_of<Plan>(strategy, options)) facts.emplace_back(key, value);
    std::vector<torch::Tensor> tensors;
    for (const auto& [prefix, module, network] : modules_of_run<Plan>(networks, cohort.edges())) {
      const auto add = [&](const auto& named_tensors) {
        for (const auto& item : named_tensors) {
          const torch::Tensor& tensor = item.value();
          facts.emplace_back(prefix + item.key(), concat(tensor.scalar_type(), ' ', tensor.sizes()));
          tensors.push_back(tensor);
        }
      };
      add(module->named_parameters());
      add(module->named_buffers());
    }
    if constexpr (places_networks<decltype(Options::exchange)>) {
      cohort.objectives().each([](const auto& objective) {
        if (!objective.gathers()) return;
        throw ConfigError(concat(objective.place(), " updates every few steps, which does not work with networks in ",
                                 "different processes yet: take .accumulate out"));
      });
    }
    cohort.exchange().begin(facts, tensors, trained_norms<Plan, Options>(networks, cohort));
    cohort.has_met = true;
  }
}

}  // namespace afd::detail
