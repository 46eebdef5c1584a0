// SPDX-License-Identifier: MIT
#pragma once

// Which parameters of the trained networks require a gradient, as a part of a run's state.

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/network/network.hpp>
#include <afd/state/state_dict.hpp>

namespace afd {

/// What loading a state does where parameters require a gradient that did not when it was saved, or the reverse.
enum class TrainableParameters {
  must_agree,  ///< refuses the state, naming the first of them
  as_saved,    ///< freezes and unfreezes as when it was saved: to go on with what was going on
  as_here      ///< leaves them; optimizers begin anew with those that the state does not know: for another phase
};

namespace detail {

class TrainableFlags {
 public:
  template <class Plan>
  [[nodiscard]] static TrainableFlags of(const typename Plan::Networks& networks) {
    TrainableFlags flags;
    for_each_index<Plan::network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) {
        for (const auto& item : module_of(std::get<k>(networks)).named_parameters()) {
          flags.all_.push_back({concat("trained/network ", k.value, '/', item.key()),
                                concat("network ", k.value, '/', item.key()), item.value(),
                                item.value().requires_grad()});
        }
      }
    });
    return flags;
  }

  void save(StateDict& state) const {
    for (const Flag& flag : all_) state.set(flag.key, std::int64_t{flag.parameter.requires_grad() ? 1 : 0});
  }

  /// "network 0/fc.weight was frozen when the state was saved, and is not"; empty if all agree.
  [[nodiscard]] std::string difference(const StateDict& state) const {
    for (const Flag& flag : all_) {
      if (!state.contains(flag.key) || is_set(state, flag) == flag.parameter.requires_grad()) continue;
      return concat(flag.name, is_set(state, flag) ? " was trained when the state was saved, and is frozen here"
                                                   : " was frozen when the state was saved, and is trained here");
    }
    return {};
  }

  /// As in the state.
  void set(const StateDict& state) {
    for (Flag& flag : all_) {
      if (state.contains(flag.key)) flag.parameter.requires_grad_(is_set(state, flag));
    }
  }
  /// As they were when this was made.
  void restore() {
    for (Flag& flag : all_) flag.parameter.requires_grad_(flag.was_set);
  }

 private:
  struct Flag {
    std::string key;
    std::string name;
    torch::Tensor parameter;
    bool was_set;
  };

  static bool is_set(const StateDict& state, const Flag& flag) { return state.get<std::int64_t>(flag.key) != 0; }

  std::vector<Flag> all_;
};

}  // namespace detail
}  // namespace afd
