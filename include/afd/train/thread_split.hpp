// SPDX-License-Identifier: MIT
#pragma once

// How many threads each network gets when networks run at the same time. Torch-free.

#include <array>
#include <cstddef>

namespace afd::detail {

/// Divides `threads` among K networks of these costs so that the slowest, by cost per thread, is as fast as can be;
/// each gets at least one.
template <std::size_t K>
[[nodiscard]] constexpr std::array<int, K> split_threads(int threads, const std::array<double, K>& costs) {
  std::array<int, K> shares{};
  shares.fill(1);
  for (int left = threads - static_cast<int>(K); left > 0; --left) {
    std::size_t slowest = 0;
    for (std::size_t k = 1; k < K; ++k)
      if (costs[k] / shares[k] > costs[slowest] / shares[slowest]) slowest = k;
    ++shares[slowest];
  }
  return shares;
}

}  // namespace afd::detail
