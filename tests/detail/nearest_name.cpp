// SPDX-License-Identifier: MIT
#include <afd/detail/nearest_name.hpp>
//
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

using afd::detail::edit_distance, afd::detail::nearest_name;

namespace {

/// The definition, without the limit.
std::size_t by_definition(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const std::size_t changed = by_definition(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0 : 1);
  return std::min({changed, by_definition(a.substr(1), b) + 1, by_definition(a, b.substr(1)) + 1});
}

std::string word(unsigned number) {
  std::string letters;
  for (; number > 0; number /= 3) letters += static_cast<char>('a' + number % 3);
  return letters;
}

}  // namespace

TEST_CASE("the distance is the fewest changes of a letter, up to the limit") {
  CHECK(edit_distance("kitten", "sitting", 100) == 3);
  for (unsigned i = 0; i < 60; ++i) {
    for (unsigned j = 0; j < 60; ++j) {
      const std::size_t expected = by_definition(word(i), word(j));
      for (std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{9}}) {
        REQUIRE(edit_distance(word(i), word(j), limit) == std::min(expected, limit));
      }
    }
  }
}

TEST_CASE("the nearest name is the one with the fewest changes, the first of several") {
  const std::vector<std::string_view> names{"layer1.0.conv1.weight", "fc.bias", "classifier.weight", "fc.bias"};
  CHECK(nearest_name("layer1.0.conv1.weights", names) == 0);
  CHECK(nearest_name("fc.bias", names) == 1);
  CHECK(nearest_name("class.weight", names) == 2);
  CHECK(nearest_name("", names) == 1);
  CHECK(nearest_name("fc.bias", {}) == 0);
}

TEST_SUITE_END();
