// SPDX-License-Identifier: MIT
#include <afd/topology/single.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

TEST_CASE("a single network has no edge, and nobody to learn from") {
  using afd::topology::Single;
  CHECK(Single::network_count == 1);
  CHECK(Single::edges.empty());
  CHECK(afd::edge_count<Single> == 0);
  CHECK_FALSE(afd::learns<Single>(0));
  CHECK_FALSE(afd::teaches<Single>(0));
}

TEST_SUITE_END();
