// SPDX-License-Identifier: MIT
#include <afd/train/thread_split.hpp>
//
#include <algorithm>
#include <array>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

using afd::detail::split_threads;

TEST_CASE("cores go to the costly networks, and each gets at least one") {
  CHECK(split_threads<2>(4, {1.0, 1.0}) == std::array<int, 2>{2, 2});
  CHECK(split_threads<2>(4, {3.0, 1.0}) == std::array<int, 2>{3, 1});
  CHECK(split_threads<2>(8, {7.0, 1.0}) == std::array<int, 2>{7, 1});
  CHECK(split_threads<2>(8, {1000.0, 1.0}) == std::array<int, 2>{7, 1});
  CHECK(split_threads<3>(4, {1.0, 2.0, 1.0}) == std::array<int, 3>{1, 2, 1});
  CHECK(split_threads<3>(2, {1.0, 2.0, 1.0}) == std::array<int, 3>{1, 1, 1});
  CHECK(split_threads<2>(4, {0.0, 0.0}) == std::array<int, 2>{3, 1});
}

TEST_CASE("no other split is faster") {
  const std::array<double, 3> costs{5, 2.5, 1.2};
  const auto slowest = [&](int a, int b, int c) { return std::max({costs[0] / a, costs[1] / b, costs[2] / c}); };
  for (int threads = 3; threads <= 12; ++threads) {
    const auto got = split_threads(threads, costs);
    CHECK(got[0] + got[1] + got[2] == threads);
    double best = 1e9;
    for (int a = 1; a < threads; ++a)
      for (int b = 1; a + b < threads; ++b) best = std::min(best, slowest(a, b, threads - a - b));
    CHECK(slowest(got[0], got[1], got[2]) == doctest::Approx(best));
  }
}

TEST_SUITE_END();
