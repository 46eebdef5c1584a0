// SPDX-License-Identifier: MIT
#pragma once

// An optimizer for each network, of one type or another.

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/optim/optimizer.hpp>

namespace afd {

/// Stands in PerNetwork for a network that is not trained.
struct NoOptimizer {};

/// PerNetwork{Sgd{.lr = 0.05}, AdamW{}}: that of network 0, of network 1 and so on, as many as there are networks;
/// NoOptimizer{} for a frozen one.
template <class... Policies>
class PerNetwork {
 public:
  static constexpr std::size_t size = sizeof...(Policies);

  explicit(sizeof...(Policies) == 1) PerNetwork(Policies... policies) : policies_(std::move(policies)...) {}

  template <std::size_t K>
  [[nodiscard]] const auto& get() const {
    return std::get<K>(policies_);
  }

  /// Calls add(name, text) for each number in the policies.
  template <class Add>
  void describe(const Add& add) const {
    detail::for_each_index<size>(
        [&](auto k) { detail::add_values(get<k>(), detail::concat("network ", k.value), add); });
  }

 private:
  std::tuple<Policies...> policies_;
};

namespace detail {

template <class Policy>
inline constexpr bool is_per_network = false;
template <class... Policies>
inline constexpr bool is_per_network<PerNetwork<Policies...>> = true;

/// The policy of network K.
template <std::size_t K, class Policy>
[[nodiscard]] const auto& policy_of(const Policy& policy) {
  if constexpr (is_per_network<Policy>) {
    return policy.template get<K>();
  } else {
    return policy;
  }
}
template <std::size_t K, class Policy>
using PolicyOf = std::remove_cvref_t<decltype(policy_of<K>(std::declval<const Policy&>()))>;

/// Fails to compile with one sentence for an option that holds something which is no optimizer.
template <class Policy>
consteval bool require_optimizers() {
  if constexpr (is_per_network<Policy>) {
    bool all = true;
    for_each_index<Policy::size>([&](auto k) {
      using Own = PolicyOf<k, Policy>;
      if constexpr (!std::is_same_v<Own, NoOptimizer>) all = require_optimizer<Own>() && all;
    });
    return all;
  } else {
    return require_optimizer<Policy>();
  }
}

/// Fails to compile with one sentence if PerNetwork has not one optimizer for each network that is trained.
template <class Plan, class Policy>
consteval bool require_one_for_each_network() {
  if constexpr (is_per_network<Policy>) {
    constexpr bool fits = Policy::size == Plan::network_count;
    static_assert(fits,
                  "afd: PerNetwork needs one optimizer for each network, in their order; afd::NoOptimizer{} for those "
                  "that are frozen");
    if constexpr (fits) {
      bool all = true;
      for_each_index<Plan::network_count>([&](auto k) {
        constexpr bool right = Plan::frozen[k] == std::is_same_v<PolicyOf<k, Policy>, NoOptimizer>;
        static_assert(right,
                      "afd: in PerNetwork a frozen network has afd::NoOptimizer{}, and one that is trained an "
                      "optimizer");
        all = all && right;
      });
      return all;
    }
    return fits;
  }
  return true;
}

/// Whether every running optimizer of the policy satisfies a concept, given as a template of the running optimizer.
template <class Policy, template <class> class Has>
consteval bool all_optimizers() {
  if constexpr (is_per_network<Policy>) {
    bool all = true;
    for_each_index<Policy::size>([&](auto k) { all = all && all_optimizers<PolicyOf<k, Policy>, Has>(); });
    return all;
  } else if constexpr (std::is_same_v<Policy, NoOptimizer>) {
    return true;
  } else {
    return Has<OptimizerState<Policy>>::value;
  }
}

}  // namespace detail
}  // namespace afd
