// SPDX-License-Identifier: MIT
#pragma once

// Which networks run at the same time, and on how many threads each. Torch-free.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace afd::detail {

/// The time of a network of that cost: n threads of one operator do the work of n^0.77. Two were measured to do that of
/// 1.7, on convolutions of small images; for more it is assumed.
[[nodiscard]] inline double time_of(double cost, int threads) {
  return cost / std::pow(threads, 0.77);
}

template <std::size_t K>
struct ThreadPlan {
  std::size_t workers = 1;             ///< networks that run at the same time
  std::array<int, K> threads{};        ///< of each worker
  std::array<std::size_t, K> order{};  ///< in which workers take networks, if there are fewer; the costly ones first

  /// Whether each network has a worker to itself.
  [[nodiscard]] constexpr bool has_a_worker_each() const { return workers == K; }
};

/// Divides `cores` among K networks of these costs so that all are done as soon as can be: a core or more for each
/// network, the costly ones more; fewer workers than networks, which take turns; or all cores for one network after the
/// other, where one network is so costly that the others would only wait for it. Costs of 0 throughout say nothing:
/// the networks are taken for equals.
template <std::size_t K>
[[nodiscard]] ThreadPlan<K> plan_threads(int cores, std::array<double, K> costs) {
  if (std::all_of(costs.begin(), costs.end(), [](double cost) { return cost == 0; })) costs.fill(1);
  ThreadPlan<K> plan;
  std::iota(plan.order.begin(), plan.order.end(), std::size_t{0});
  std::sort(plan.order.begin(), plan.order.end(),
            [&](auto a, auto b) { return costs[a] != costs[b] ? costs[a] > costs[b] : a < b; });
  plan.workers = std::min(K, static_cast<std::size_t>(cores));
  plan.threads.fill(1);
  double slowest = 0;
  if (plan.has_a_worker_each()) {
    for (int left = cores - static_cast<int>(K); left > 0; --left) {
      std::size_t last = 0;
      for (std::size_t k = 1; k < K; ++k)
        if (time_of(costs[k], plan.threads[k]) > time_of(costs[last], plan.threads[last])) last = k;
      ++plan.threads[last];
    }
    for (std::size_t k = 0; k < K; ++k) slowest = std::max(slowest, time_of(costs[k], plan.threads[k]));
  } else {
    std::array<double, K> busy{};
    for (const std::size_t k : plan.order) {
      *std::min_element(busy.begin(), busy.begin() + static_cast<std::ptrdiff_t>(plan.workers)) += costs[k];
    }
    slowest = *std::max_element(busy.begin(), busy.end());
  }
  const double in_turn = time_of(std::accumulate(costs.begin(), costs.end(), 0.0), cores);
  if (in_turn < 0.999 * slowest) {
    plan.workers = 1;
    plan.threads.fill(cores);
  }
  return plan;
}

}  // namespace afd::detail
