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

TEST_CASE("a graph may leave networks out") {
  using Under = afd::topology::Graph<4, afd::Edge{1, 3}>;
  static_assert(afd::Topology<Under>);
  CHECK(Under::network_count == 4);
  REQUIRE(Under::edges.size() == 1);
  CHECK(Under::edges[0] == afd::Edge{1, 3});
  for (const std::size_t idle : {0U, 2U}) {
    CHECK_FALSE(afd::learns<Under>(idle));
    CHECK_FALSE(afd::teaches<Under>(idle));
  }
}

TEST_CASE("a graph may have no edge at all, and one network is enough") {
  static_assert(afd::Topology<afd::topology::Graph<3>> && afd::Topology<afd::topology::Graph<1>>);
  CHECK(afd::topology::Graph<3>::network_count == 3);
  CHECK(afd::edge_count<afd::topology::Graph<3>> == 0);
  CHECK(afd::topology::Graph<1>::network_count == 1);
  CHECK(afd::topology::Graph<1>::edges.empty());
}

TEST_SUITE_END();
