// SPDX-License-Identifier: MIT
#include <afd/topology/graph.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

TEST_CASE("the edges of Graph<3, afd::Edge{2, 0}, afd::Edge{0, 1}>") {
  using Under = afd::topology::Graph<3, afd::Edge{2, 0}, afd::Edge{0, 1}>;
  constexpr std::array expected{afd::Edge{2, 0}, afd::Edge{0, 1}};
  CHECK(Under::network_count == 3);
  REQUIRE(Under::edges.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(Under::edges[i] == expected[i]);
}

TEST_SUITE_END();
