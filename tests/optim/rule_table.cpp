// SPDX-License-Identifier: MIT
#include <afd/optim/rule_table.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

TEST_CASE("one rule is that of every parameter; else each has its group's") {
  const afd::detail::RuleTable<int> one(7);
  CHECK(one[0] == 7);
  CHECK(one[100] == 7);
  CHECK(one.group_of(100) == 0);
  const afd::detail::RuleTable<int> several({1, 2, 3}, {2, 0, 2});
  CHECK(several[0] == 3);
  CHECK(several[1] == 1);
  CHECK(several.group_of(2) == 2);
  CHECK(several.base() == 1);
}

TEST_SUITE_END();
