// SPDX-License-Identifier: MIT
#include <afd/topology/topology.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

namespace {

using afd::Edge;

struct Chain {
  static constexpr std::size_t network_count = 3;
  static constexpr std::array<Edge, 2> edges{Edge{0, 1}, Edge{1, 2}};
};
struct SelfEdge : Chain {
  static constexpr std::array<Edge, 3> edges{Edge{0, 1}, Edge{1, 2}, Edge{1, 1}};
};
struct Twice : Chain {
  static constexpr std::array<Edge, 3> edges{Edge{0, 1}, Edge{1, 2}, Edge{0, 1}};
};
struct OutOfRange : Chain {
  static constexpr std::array<Edge, 2> edges{Edge{0, 1}, Edge{1, 3}};
};
struct Idle : Chain {
  static constexpr std::array<Edge, 1> edges{Edge{0, 1}};
};
struct NoEdges {
  static constexpr std::size_t network_count = 2;
};

static_assert(afd::Topology<Chain>);
static_assert(!afd::Topology<SelfEdge> && !afd::Topology<Twice> && !afd::Topology<OutOfRange>);
static_assert(!afd::Topology<Idle> && !afd::Topology<NoEdges> && !afd::Topology<int>);

}  // namespace

TEST_CASE("a user type with network_count and edges is a topology with known degrees") {
  CHECK(afd::edge_count<Chain> == 2);
  CHECK(afd::in_degree<Chain>(0) == 0);
  CHECK(afd::in_degree<Chain>(1) == 1);
  CHECK(afd::out_degree<Chain>(1) == 1);
  CHECK(afd::teaches<Chain>(0));
  CHECK_FALSE(afd::learns<Chain>(0));
  CHECK(afd::learns<Chain>(2));
  CHECK_FALSE(afd::teaches<Chain>(2));
}

TEST_SUITE_END();
