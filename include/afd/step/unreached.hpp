// SPDX-License-Identifier: MIT
#pragma once

// Says which parameters no loss reaches, so that they do not move: a forgotten branch, or outputs without a graph.

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/say.hpp>
#include <afd/network/network.hpp>
#include <afd/strategy/term.hpp>

namespace afd::detail {

/// "a, b, c and 5 more".
[[nodiscard]] inline std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 4;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < shown; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > shown ? concat(text, " and ", names.size() - shown, " more") : text;
}

/// Of the parameters of each network that require a gradient: those that none of its objectives reached in so many
/// steps; and networks of which the feature loss reached nothing at all. `is_here(k)`: whether network k is trained in
/// this process.
template <class Plan, class Objectives, class IsHere>
void tell_unreached(const typename Plan::Networks& networks, Objectives& objectives, std::int64_t steps, const Say& say,
                    const IsHere& is_here) {
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k]) {
      if (!is_here(k)) return;
      std::unordered_map<const void*, bool> reached;
      for (const torch::Tensor& parameter : module_of(std::get<k>(networks)).parameters()) {
        if (parameter.requires_grad()) reached[parameter.unsafeGetTensorImpl()] = false;
      }
      std::vector<std::string> missed;
      const auto note = [&](auto& objective) {
        bool any = false;
        for (std::size_t i = 0; i < objective.parameters().size(); ++i) {
          const auto own = reached.find(objective.parameters()[i].unsafeGetTensorImpl());
          if (own == reached.end() || !objective.was_reached()[i]) continue;
          own->second = any = true;
        }
        return any;
      };
      objectives.template each_own<k>([&](auto& objective) {
        if (note(objective)) return;
        tell(say, concat(objective.place(), " loss: it reached no parameter of the network in the first ", steps,
                         " steps; what it reads of the network's outputs has no graph: it was detached, or made by ",
                         "frozen layers alone"));
      });
      objectives.template each_own<k>([&](auto& objective) {
        for (std::size_t i = 0; i < objective.parameters().size(); ++i) {
          const auto own = reached.find(objective.parameters()[i].unsafeGetTensorImpl());
          if (own == reached.end() || own->second) continue;
          missed.push_back(objective.names()[i]);
          own->second = true;  // named once
        }
      });
      if (missed.empty()) return;
      tell(say, concat("network ", k.value, ": no loss reached ", missed.size(), " of its ", reached.size(),
                       " parameters in the first ", steps, " steps, so they do not move: ", some_of(missed),
                       "; freeze them if that is right, else see where the forward leaves them out"));
    }
  });
}

}  // namespace afd::detail
