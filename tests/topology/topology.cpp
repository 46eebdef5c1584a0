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
struct StudentOutOfRange : Chain {
  static constexpr std::array<Edge, 2> edges{Edge{0, 1}, Edge{1, 3}};
};
struct TeacherOutOfRange : Chain {
  static constexpr std::array<Edge, 2> edges{Edge{3, 1}, Edge{1, 2}};
};
struct LeavesOneOut : Chain {
  static constexpr std::array<Edge, 2> edges{Edge{0, 1}, Edge{1, 0}};
};
struct WithoutEdge : Chain {
  static constexpr std::array<Edge, 0> edges{};
};
struct OfOne {
  static constexpr std::size_t network_count = 1;
  static constexpr std::array<Edge, 0> edges{};
};
struct OfNone {
  static constexpr std::size_t network_count = 0;
  static constexpr std::array<Edge, 0> edges{};
};
struct NoEdges {
  static constexpr std::size_t network_count = 2;
};
struct NoCount {
  static constexpr std::array<Edge, 1> edges{Edge{0, 1}};
};
struct OtherEdges : Chain {
  static constexpr std::array<int, 2> edges{0, 1};
};

static_assert(afd::Topology<Chain>);
static_assert(afd::Topology<LeavesOneOut> && afd::Topology<WithoutEdge> && afd::Topology<OfOne>);
static_assert(!afd::Topology<SelfEdge> && !afd::Topology<Twice>);
static_assert(!afd::Topology<StudentOutOfRange> && !afd::Topology<TeacherOutOfRange> && !afd::Topology<OfNone>);
static_assert(afd::detail::HasEdgeArray<NoCount> && !afd::detail::HasEdgeArray<OtherEdges>);
static_assert(!afd::Topology<NoEdges> && !afd::Topology<NoCount> && !afd::Topology<OtherEdges> && !afd::Topology<int>);

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

TEST_CASE("a network may be left out, and then neither learns nor teaches") {
  CHECK(afd::in_degree<LeavesOneOut>(2) == 0);
  CHECK(afd::out_degree<LeavesOneOut>(2) == 0);
  CHECK(afd::learns<LeavesOneOut>(1));
  CHECK_FALSE(afd::learns<LeavesOneOut>(2));
  CHECK_FALSE(afd::teaches<LeavesOneOut>(2));
}

TEST_CASE("without edges nobody learns") {
  CHECK(afd::edge_count<WithoutEdge> == 0);
  CHECK(afd::edge_count<OfOne> == 0);
  for (std::size_t k = 0; k < WithoutEdge::network_count; ++k) {
    CHECK_FALSE(afd::learns<WithoutEdge>(k));
    CHECK_FALSE(afd::teaches<WithoutEdge>(k));
  }
}

TEST_SUITE_END();
