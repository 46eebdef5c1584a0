// SPDX-License-Identifier: MIT
#include <afd/distributed/facts.hpp>
//
#include <string>
#include <utility>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("distributed");

using afd::detail::require_same_facts;
using afd::detail::text_of;

TEST_CASE("what differs is named, with the process; what is the same is not") {
  const std::vector<std::pair<std::string, std::string>> first{{"lr", "0.1"}, {"terms", "a, b\n"}},
      other{{"lr", "0.2"}, {"terms", "a, b\n"}, {"more", ""}};
  CHECK(afd::detail::facts_in(text_of(first)).at("terms") == "a, b\n");
  CHECK(afd::detail::facts_in("").empty());
  CHECK_NOTHROW(require_same_facts({text_of(first), text_of(first)}));
  CHECK_NOTHROW(require_same_facts({text_of(first)}));
  CHECK_THROWS_WITH_AS(require_same_facts({text_of(first), text_of(first), text_of(other)}),
                       "the processes do not train the same:\n  lr: 0.2 in process 2, 0.1 in 0\n"
                       "  more:  in process 2, nothing in 0",
                       afd::ConfigError);
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 20; ++i) many.emplace_back("fact " + std::to_string(i), "x");
  CHECK_THROWS_WITH_AS(require_same_facts({text_of({}), text_of(many)}), doctest::Contains("and 12 more"),
                       afd::ConfigError);
}

TEST_SUITE_END();
