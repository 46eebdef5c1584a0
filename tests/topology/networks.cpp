// SPDX-License-Identifier: MIT
#include <afd/topology/networks.hpp>
//
#include <array>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("topology");

using afd::topology::Networks;

TEST_CASE("some networks are told by their numbers, in any order") {
  using Some = Networks<4, 0>;
  CHECK(Some::numbers == std::array<std::size_t, 2>{4, 0});
  CHECK(Some::contains(0));
  CHECK_FALSE(Some::contains(1));
  CHECK_FALSE(Some::contains(3));
  CHECK(Some::contains(4));
  CHECK_FALSE(Some::contains(5));
  static_assert(Networks<2>::contains(2) && !Networks<2>::contains(0));
}

TEST_SUITE_END();
