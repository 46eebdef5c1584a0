// SPDX-License-Identifier: MIT
#pragma once

// Two ways of doing the same, timed in turn: A B A B ... On a shared machine times drift; the ratio of neighbours does
// much less.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace afd_bench {

struct Spread {
  double low = 0;  ///< first quartile
  double median = 0;
  double high = 0;  ///< third quartile
};

[[nodiscard]] inline Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

struct Paired {
  Spread a_seconds;
  Spread b_seconds;
  Spread ratio;  ///< B's time over A's: above 1, A is faster
};

/// Runs a and b in turn, `pairs` times after `warm_up` of each, and swaps who goes first every time.
template <class A, class B>
[[nodiscard]] Paired paired(A&& a, B&& b, int pairs, int warm_up) {
  const auto seconds = [](auto& body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (int i = 0; i < warm_up; ++i) {
    a();
    b();
  }
  std::vector<double> as, bs, ratios;
  for (int i = 0; i < pairs; ++i) {
    double of_a = 0, of_b = 0;
    if (i % 2 == 0) {
      of_a = seconds(a);
      of_b = seconds(b);
    } else {
      of_b = seconds(b);
      of_a = seconds(a);
    }
    as.push_back(of_a);
    bs.push_back(of_b);
    ratios.push_back(of_b / of_a);
  }
  return {spread(as), spread(bs), spread(ratios)};
}

}  // namespace afd_bench
