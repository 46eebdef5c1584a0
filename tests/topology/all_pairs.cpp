// SPDX-License-Identifier: MIT
#include <afd/topology/all_pairs.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

TEST_CASE("the edges of AllPairs<3>") {
  using Under = afd::topology::AllPairs<3>;
  constexpr std::array expected{afd::Edge{0, 1}, afd::Edge{0, 2}, afd::Edge{1, 0},
                                afd::Edge{1, 2}, afd::Edge{2, 0}, afd::Edge{2, 1}};
  CHECK(Under::network_count == 3);
  REQUIRE(Under::edges.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(Under::edges[i] == expected[i]);
}

TEST_SUITE_END();
