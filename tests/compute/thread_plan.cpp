// SPDX-License-Identifier: MIT
#include <afd/compute/thread_plan.hpp>
//
#include <algorithm>
#include <array>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("compute");

using afd::detail::plan_threads;

TEST_CASE("with cores enough each network has its own, the costly ones more") {
  const auto equal = plan_threads<2>(2, {1.0, 1.0});
  CHECK(equal.has_a_worker_each());
  CHECK((equal.threads == std::array<int, 2>{1, 1}));
  CHECK((plan_threads<2>(4, {1.0, 1.0}).threads == std::array<int, 2>{2, 2}));
  CHECK((plan_threads<2>(8, {7.0, 1.0}).threads == std::array<int, 2>{7, 1}));
  CHECK((plan_threads<3>(4, {1.0, 2.0, 1.0}).threads == std::array<int, 3>{1, 2, 1}));
}

TEST_CASE("where the others would only wait for a costly network, all cores work on one after the other") {
  const auto unequal = plan_threads<2>(2, {12.0, 69.0});
  CHECK(unequal.workers == 1);
  CHECK(unequal.threads[0] == 2);
  CHECK(plan_threads<2>(2, {1.0, 3.0}).workers == 1);  // a teacher that is not trained
  CHECK(plan_threads<2>(2, {2.5, 3.0}).workers == 2);
}

TEST_CASE("with fewer cores than networks they take turns, the costly ones first, unless that leaves a core idle") {
  const auto eight = plan_threads<8>(2, {1, 1, 1, 1, 1, 1, 1, 2});
  CHECK(eight.workers == 2);
  CHECK((eight.threads[0] == 1 && eight.threads[1] == 1));
  CHECK((eight.order == std::array<std::size_t, 8>{7, 0, 1, 2, 3, 4, 5, 6}));
  CHECK(plan_threads<4>(1, {1, 2, 3, 4}).workers == 1);
  CHECK(plan_threads<4>(1, {1, 2, 3, 4}).threads[0] == 1);
  CHECK(plan_threads<3>(2, {1, 1, 1}).workers == 1);  // before 2
}

TEST_CASE("networks of which no cost is known share the cores evenly") {
  CHECK((plan_threads<2>(8, {0.0, 0.0}).threads == std::array<int, 2>{4, 4}));
  CHECK((plan_threads<3>(7, {0.0, 0.0, 0.0}).threads == plan_threads<3>(7, {1.0, 1.0, 1.0}).threads));
  CHECK(plan_threads<3>(2, {0.0, 0.0, 0.0}).workers == plan_threads<3>(2, {1.0, 1.0, 1.0}).workers);
  const auto one_known = plan_threads<2>(4, {0.0, 1.0});
  CHECK(one_known.workers == 1);  // the other one has nothing to do
}

TEST_CASE("no other split of cores is faster") {
  using afd::detail::time_of;
  const std::array<double, 3> costs{5, 2.5, 1.2};
  const auto slowest = [&](int a, int b, int c) {
    return std::max({time_of(costs[0], a), time_of(costs[1], b), time_of(costs[2], c)});
  };
  int divided = 0;
  for (int cores = 3; cores <= 16; ++cores) {
    const auto plan = plan_threads(cores, costs);
    if (!plan.has_a_worker_each()) continue;
    ++divided;
    CHECK(plan.threads[0] + plan.threads[1] + plan.threads[2] == cores);
    double best = 1e9;
    for (int a = 1; a < cores; ++a)
      for (int b = 1; a + b < cores; ++b) best = std::min(best, slowest(a, b, cores - a - b));
    CHECK(slowest(plan.threads[0], plan.threads[1], plan.threads[2]) == doctest::Approx(best));
  }
  CHECK(divided > 5);
}

TEST_SUITE_END();
