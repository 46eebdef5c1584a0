// SPDX-License-Identifier: MIT
#include <afd/version.hpp>
//
#include <string>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("afd");

TEST_CASE("the version's text and its numbers agree") {
  CHECK(std::to_string(AFD_VERSION_MAJOR) + "." + std::to_string(AFD_VERSION_MINOR) + "." +
            std::to_string(AFD_VERSION_PATCH) ==
        AFD_VERSION_STRING);
}

TEST_SUITE_END();
