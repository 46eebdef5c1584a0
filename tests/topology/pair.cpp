// SPDX-License-Identifier: MIT
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

TEST_CASE("the edges of Pair") {
  using Under = afd::topology::Pair;
  constexpr std::array expected{afd::Edge{0, 1}, afd::Edge{1, 0}};
  CHECK(Under::network_count == 2);
  REQUIRE(Under::edges.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(Under::edges[i] == expected[i]);
}

TEST_SUITE_END();
