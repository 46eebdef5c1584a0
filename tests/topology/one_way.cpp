// SPDX-License-Identifier: MIT
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

TEST_CASE("the edges of OneWay") {
  using Under = afd::topology::OneWay;
  constexpr std::array expected{afd::Edge{0, 1}};
  CHECK(Under::network_count == 2);
  REQUIRE(Under::edges.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(Under::edges[i] == expected[i]);
}

TEST_SUITE_END();
