// SPDX-License-Identifier: MIT
#pragma once

// The parameters of each network that a step may touch.

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>

namespace afd::detail {

/// Parameters and what they are called.
struct Roster {
  std::vector<torch::Tensor> parameters;
  std::vector<std::string> names;
};

/// A parameter of two networks would be updated twice, and a frozen one through the back door: throws ConfigError.
template <class Plan>
void require_separate(const typename Plan::Networks& networks) {
  std::unordered_map<const void*, std::size_t> owners;
  for_each_index<Plan::network_count>([&](auto k) {
    for (const torch::Tensor& parameter : module_of(std::get<k>(networks)).parameters()) {
      const auto [owner, is_new] = owners.emplace(parameter.unsafeGetTensorImpl(), k.value);
      if (is_new || owner->second == k.value) continue;
      throw ConfigError(concat("networks ", owner->second, " and ", k.value, " share a parameter of shape ",
                               parameter.sizes(),
                               "; give each a module of its own, e.g. by clone(), "
                               "which makes frozen parameters trainable again"));
    }
  });
}

/// Adds those that require a gradient, each once, though a module that shares a parameter with itself names it twice.
inline void append_trainable(Roster& to, const torch::nn::Module& module, const std::string& prefix = {}) {
  std::unordered_set<const void*> known;
  for (const auto& item : module.named_parameters()) {
    const bool is_new = known.insert(item.value().unsafeGetTensorImpl()).second;
    if (!is_new || !item.value().requires_grad()) continue;
    to.parameters.push_back(item.value());
    to.names.push_back(prefix + item.key());
  }
}

[[nodiscard]] inline Roster trainable(const torch::nn::Module& module, const std::string& prefix = {}) {
  Roster found;
  append_trainable(found, module, prefix);
  return found;
}

/// The trainable parameters of every network that is not frozen. Throws ConfigError for one that has none, and for a
/// parameter of two networks.
template <class Plan>
[[nodiscard]] std::array<Roster, Plan::network_count> roster_of(const typename Plan::Networks& networks) {
  require_separate<Plan>(networks);
  std::array<Roster, Plan::network_count> roster;
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k]) {
      roster[k] = trainable(module_of(std::get<k>(networks)));
      if (roster[k].parameters.empty()) {
        throw ConfigError(concat("network ", k.value, " has no parameter that requires a gradient; unfreeze one, or ",
                                 "wrap the network in afd::frozen(...) so that it only teaches"));
      }
    }
  });
  return roster;
}

}  // namespace afd::detail
