// SPDX-License-Identifier: MIT
#include <afd/detail/shown_name.hpp>
//
#include <string>
#include <string_view>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

TEST_CASE("names are shown as they are, without what moves a cursor, and cut where they are long") {
  using afd::detail::shown_name;
  CHECK(shown_name("layer1.0.conv\xc3\xa9") == "layer1.0.conv\xc3\xa9");
  CHECK(shown_name(std::string_view("a\0\x1b[2J\n\x7f", 8)) == "a??[2J??");
  CHECK(shown_name(std::string(200, 'x')) == std::string(200, 'x'));
  CHECK(shown_name(std::string(201, 'x')) == std::string(200, 'x') + "...");
  CHECK(shown_name("").empty());
}

TEST_SUITE_END();
