// SPDX-License-Identifier: MIT
#pragma once

// One state of several processes: what is the same in all, once, and what is each one's own.
//
// A process's own are its random numbers and the gradients that it has gathered for an update which is not due yet.

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <afd/data/content_key.hpp>
#include <afd/detail/concat.hpp>
#include <afd/state/state_dict.hpp>

namespace afd::detail {

/// How keys of a process's own gathered gradients go on after the optimizer's.
inline constexpr std::string_view gathered_key = "gathered/";

[[nodiscard]] inline bool is_random_state(std::string_view key) {
  return key.starts_with("random numbers") || key == "trainer/random numbers of the epoch";
}
[[nodiscard]] inline bool is_own_of_process(std::string_view key) {
  return is_random_state(key) || key.find(concat('/', gathered_key)) != std::string_view::npos;
}
[[nodiscard]] inline std::string process_prefix(std::size_t rank) {
  return concat("process ", rank, '/');
}

/// What of a state is this process's own.
[[nodiscard]] inline StateDict own_part(const StateDict& state) {
  StateDict own;
  for (const auto& [key, value] : state.values()) {
    if (is_own_of_process(key)) own.set(key, value);
  }
  return own;
}

/// Of all that must be the same in every process; what trainers and callbacks keep may hold times, and does not count.
[[nodiscard]] inline std::string shared_fingerprint(const StateDict& state) {
  ContentKey sum;
  const auto add = [&sum](const void* first, std::size_t size) {
    sum = content_key(std::span(static_cast<const std::uint8_t*>(first), size), sum);
  };
  for (const auto& [key, value] : state.values()) {
    if (is_own_of_process(key) || key.starts_with("trainer/") || key.starts_with("callback ")) continue;
    add(key.data(), key.size());
    std::visit(
        [&](const auto& each) {
          using Value = std::remove_cvref_t<decltype(each)>;
          if constexpr (std::is_same_v<Value, torch::Tensor>) {
            add(each.data_ptr(), each.nbytes());
          } else if constexpr (std::is_same_v<Value, std::string>) {
            add(each.data(), each.size());
          } else {
            add(&each, sizeof each);
          }
        },
        value);
  }
  return concat(sum.first, ' ', sum.second);
}

/// Adds the own parts of processes 1, 2, ... to the state of process 0.
inline void add_parts(StateDict& state, const std::vector<StateDict>& others) {
  if (others.empty()) return;
  for (std::size_t i = 0; i < others.size(); ++i) {
    for (const auto& [key, value] : others[i].values()) state.set(process_prefix(i + 1) + key, value);
  }
  state.set("processes", static_cast<std::int64_t>(others.size() + 1));
}

/// What process `rank` of `size` goes on with. If it was another number of processes that saved it, gathered gradients
/// of all go to process 0, and processes that are new have random numbers made of those of process 0.
class ProcessParts {
 public:
  explicit ProcessParts(const StateDict& state)
      : state_(state),
        saved_(state.contains("processes") ? static_cast<std::size_t>(state.get<std::int64_t>("processes")) : 1) {}

  [[nodiscard]] StateDict of(std::size_t rank, std::size_t size) const {
    StateDict part;
    std::set<std::string> gathered;  // in any process
    for (const auto& [full_key, value] : state_.values()) {
      const bool is_of_other = full_key.starts_with("process ");
      const std::string key = is_of_other ? full_key.substr(full_key.find('/') + 1) : full_key;
      if (key == "processes") continue;
      if (!is_own_of_process(key)) {
        part.set(key, value);
      } else if (!is_random_state(key)) {
        gathered.insert(key);
      } else if (!is_of_other) {
        add_random(part, key, rank);
      }
    }
    for (const std::string& key : gathered) {
      if (size == saved_) {
        const auto own = state_.values().find(key_in(rank, key));
        if (own != state_.values().end()) part.set(key, own->second);
      } else if (rank == 0) {
        part.set(key, joined(key));
      } else if (!key.ends_with("/samples of the first")) {
        if (key.ends_with("/steps")) part.set(key, state_.get<std::int64_t>(key));
        if (key.ends_with("/samples")) part.set(key, std::int64_t{0});
      } else {
        part.set(key, std::int64_t{1});
      }
    }
    return part;
  }

 private:
  [[nodiscard]] static std::string key_in(std::size_t rank, const std::string& key) {
    return rank == 0 ? key : process_prefix(rank) + key;
  }

  void add_random(StateDict& part, const std::string& key, std::size_t rank) const {
    if (state_.contains(key_in(rank, key))) {
      part.set(key, state_.get<torch::Tensor>(key_in(rank, key)));
    } else if (rank >= saved_ && !key.starts_with("random numbers ")) {  // those of an accelerator stay as they are
      const auto& first = state_.get<torch::Tensor>(key);
      const std::span bytes(static_cast<const std::uint8_t*>(first.data_ptr()), first.nbytes());
      const ContentKey seed = content_key(bytes, {rank, 0});
      at::Generator generator = at::detail::createCPUGenerator(seed.first);
      part.set(key, generator.get_state());
    }
  }

  /// The value of all processes together; see GradientSums for what there is: sums are of gradients as multiples of
  /// the number of samples in a process's first step.
  [[nodiscard]] StateDict::Value joined(const std::string& key) const {
    const std::string prefix = key.substr(0, key.find(gathered_key) + gathered_key.size());
    if (key == prefix + "samples") {
      std::int64_t all = 0;
      for (std::size_t r = 0; r < saved_; ++r) all += state_.get<std::int64_t>(key_in(r, key));
      return all;
    }
    if (key == prefix + "steps" || key == prefix + "samples of the first") return state_.values().find(key)->second;
    const auto first_of = [&](std::size_t r) {
      return static_cast<double>(state_.get<std::int64_t>(key_in(r, prefix + "samples of the first")));
    };
    torch::Tensor sum;
    for (std::size_t r = 0; r < saved_; ++r) {
      if (!state_.contains(key_in(r, key))) continue;
      const torch::Tensor own = state_.get<torch::Tensor>(key_in(r, key)) * (first_of(r) / first_of(0));
      sum = sum.defined() ? sum + own : own;
    }
    return sum;
  }

  const StateDict& state_;
  std::size_t saved_;
};

}  // namespace afd::detail
