// SPDX-License-Identifier: MIT
#include <afd/topology/edge.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

TEST_CASE("edges compare by both ends") {
  CHECK(afd::Edge{0, 1} == afd::Edge{0, 1});
  CHECK_FALSE(afd::Edge{0, 1} == afd::Edge{1, 0});
}

TEST_SUITE_END();
