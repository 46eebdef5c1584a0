// SPDX-License-Identifier: MIT
#include <afd/detail/glob.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

using afd::detail::matches;

TEST_CASE("a star stands for any characters, none included, and everything else for itself") {
  static_assert(matches("*", "") && matches("", "") && !matches("", "a"));
  static_assert(matches("*.bias", "layer1.0.bias") && !matches("*.bias", "layer1.0.biases"));
  static_assert(matches("layer*.weight", "layer1.0.conv.weight") && !matches("layer*.weight", "stem.weight"));
  static_assert(matches("a*b*c", "a-b-b-c") && !matches("a*b*c", "a-c-b"));
  static_assert(matches("**a", "a") && matches("a*", "a") && !matches("a.b", "a-b"));
  CHECK(matches("*aab", "aaaaab"));  // the first * must give characters back
}

TEST_SUITE_END();
