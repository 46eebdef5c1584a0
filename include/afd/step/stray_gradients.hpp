// SPDX-License-Identifier: MIT
#pragma once

// Finds gradients that land where no optimizer reads them: a function of the user's that calls backward() inside its
// own backward, as gradient checkpointing does, leaves those of the parameters in it in .grad().

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>

namespace afd::detail {

class StrayGradients {
 public:
  /// Parameters of a module that is trained; `owner` as in "network 0".
  void add(const std::string& owner, const torch::nn::Module& module) {
    for (const auto& item : module.named_parameters()) {
      all_.push_back({item.value(), concat(owner, ", parameter ", item.key()), {}});
    }
  }

  /// What .grad() holds before a step: that is the user's. Nothing is dispatched.
  void note() {
    for (Watched& each : all_) each.before = held_by(each.parameter);
  }

  /// Throws ConfigError, naming the parameter, if a gradient has come since.
  void require_none() const {
    for (const Watched& each : all_) {
      if (held_by(each.parameter) == each.before) continue;
      throw ConfigError(concat(each.name,
                               ": its gradient has landed in .grad(), where no optimizer of this library reads ",
                               "it, because a function in the network's forward calls backward() inside its own ",
                               "backward; let it call torch::autograd::grad and return the gradients, with the ",
                               "parameters among its inputs, or do without it; no weight was changed"));
    }
  }

 private:
  /// Which tensor .grad() is, and how often it was changed in place.
  struct Held {
    const void* tensor = nullptr;
    std::int64_t version = 0;

    friend bool operator==(const Held&, const Held&) = default;
  };
  struct Watched {
    torch::Tensor parameter;
    std::string name;
    Held before;
  };

  static Held held_by(const torch::Tensor& parameter) {
    // Of the implementation, for that of a tensor warns if it is no leaf.
    const torch::Tensor& gradient = parameter.unsafeGetTensorImpl()->grad();
    if (!gradient.defined()) return {};
    return {gradient.unsafeGetTensorImpl(), gradient._version()};
  }

  std::vector<Watched> all_;
};

/// Of all networks that are trained.
template <class Plan>
[[nodiscard]] StrayGradients stray_gradients_of(const typename Plan::Networks& networks) {
  StrayGradients all;
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k]) all.add(concat("network ", k.value), module_of(std::get<k>(networks)));
  });
  return all;
}

}  // namespace afd::detail
