// SPDX-License-Identifier: MIT
#include <afd/detail/concat.hpp>
//
#include <filesystem>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

TEST_CASE("concat joins anything that can be streamed, in order") {
  CHECK(afd::detail::concat("got ", 3, " of ", 5U, ", ", 0.5, ' ', std::string("left")) == "got 3 of 5, 0.5 left");
  CHECK(afd::detail::concat() == "");
  CHECK(afd::detail::concat(std::filesystem::path("a b")) == "\"a b\"");
}

TEST_SUITE_END();
