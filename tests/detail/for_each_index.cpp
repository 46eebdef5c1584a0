// SPDX-License-Identifier: MIT
#include <afd/detail/for_each_index.hpp>
//
#include <array>
#include <tuple>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

TEST_CASE("for_each_index calls with 0 to N-1, in order, as constants") {
  std::vector<std::size_t> seen;
  afd::detail::for_each_index<4>([&](auto i) {
    constexpr std::size_t index = i;  // usable as a template argument
    seen.push_back(std::get<index>(std::array<std::size_t, 4>{10, 11, 12, 13}));
  });
  CHECK(seen == std::vector<std::size_t>{10, 11, 12, 13});
  afd::detail::for_each_index<0>([](auto) { FAIL("there is no index below 0"); });
}

TEST_CASE("for_each_index works at compile time") {
  constexpr std::size_t sum = [] {
    std::size_t total = 0;
    afd::detail::for_each_index<5>([&](auto i) { total += i; });
    return total;
  }();
  static_assert(sum == 10);
  CHECK(sum == 10);
}

TEST_SUITE_END();
