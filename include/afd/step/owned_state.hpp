// SPDX-License-Identifier: MIT
#pragma once

// Where networks are in different processes: makes what all have of them what the process has that trains them.

#include <cstddef>
#include <span>
#include <string>

#include <torch/types.h>

#include <afd/network/module_state.hpp>
#include <afd/state/prefixed_visitor.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/run_state.hpp>

namespace afd::detail {

/// Weights, buffers and layers of edges; with `optimizers`, what those know as well. Called by all processes.
template <class Plan, class Options>
void make_same_as_owners(const typename Plan::Networks& networks, Cohort<Plan, Options>& cohort, bool optimizers) {
  const torch::NoGradGuard no_grad;
  auto& exchange = cohort.exchange();
  for (std::size_t process = 0; process < exchange.process_count(); ++process) {
    const auto is_of_it = [&](std::size_t network) { return exchange.process_of(network) == process; };
    const auto visit = [&](auto& visitor) {
      for (const auto& [prefix, module, network] : modules_of_run<Plan>(networks, cohort.edges())) {
        if (is_of_it(network)) visit_module(*module, prefix, visitor);
      }
      if (optimizers) visit_optimizers_of<Plan>(networks, cohort.edges(), cohort.objectives(), visitor, is_of_it);
    };
    StateDict state;
    std::string text;
    if (exchange.is_process(process)) {
      SaveState save(state);
      visit(save);
      const Bytes bytes = state.to_bytes();
      text.assign(bytes.begin(), bytes.end());
    }
    text = exchange.text_of(process, std::move(text));
    if (exchange.is_process(process)) continue;
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    state = StateDict::from_bytes(bytes, "the state of another process");
    LoadState load(state);
    visit(load);
  }
}

}  // namespace afd::detail
