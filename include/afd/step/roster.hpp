// SPDX-License-Identifier: MIT
#pragma once

// The parameters of each network that a step may touch.

#include <array>
#include <cstddef>
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

/// Those that require a gradient, each once, though a module that shares a parameter with itself names it twice.
[[nodiscard]] inline std::vector<torch::Tensor> trainable(const torch::nn::Module& module) {
  std::vector<torch::Tensor> found;
  std::unordered_set<const void*> known;
  for (const torch::Tensor& parameter : module.parameters()) {
    const bool is_new = known.insert(parameter.unsafeGetTensorImpl()).second;
    if (is_new && parameter.requires_grad()) found.push_back(parameter);
  }
  return found;
}

inline void append_trainable(std::vector<torch::Tensor>& to, const torch::nn::Module& module) {
  const std::vector<torch::Tensor> more = trainable(module);
  to.insert(to.end(), more.begin(), more.end());
}

/// The trainable parameters of every network that is not frozen. Throws ConfigError for one that has none, and for a
/// parameter of two networks.
template <class Plan>
[[nodiscard]] std::array<std::vector<torch::Tensor>, Plan::network_count> roster_of(
    const typename Plan::Networks& networks) {
  require_separate<Plan>(networks);
  std::array<std::vector<torch::Tensor>, Plan::network_count> roster;
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k]) {
      roster[k] = trainable(module_of(std::get<k>(networks)));
      if (roster[k].empty()) {
        throw ConfigError(concat("network ", k.value, " has no parameter that requires a gradient; unfreeze one, or ",
                                 "wrap the network in afd::frozen(...) so that it only teaches"));
      }
    }
  });
  return roster;
}

}  // namespace afd::detail
