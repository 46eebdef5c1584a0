// SPDX-License-Identifier: MIT
#include <afd/topology/star.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

TEST_CASE("the edges of Star<4>") {
  using Under = afd::topology::Star<4>;
  constexpr std::array expected{afd::Edge{0, 1}, afd::Edge{0, 2}, afd::Edge{0, 3}};
  CHECK(Under::network_count == 4);
  REQUIRE(Under::edges.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(Under::edges[i] == expected[i]);
}

TEST_SUITE_END();
