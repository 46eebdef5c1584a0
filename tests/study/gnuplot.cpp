// SPDX-License-Identifier: MIT
#include <afd/study/gnuplot.hpp>
//
#include <filesystem>
#include <string>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("a picture is drawn by its script, which stays; a script that cannot be drawn is told") {
  const afd_test::TempFolder temp;
  const std::string picture = (temp.path() / "a picture.svg").string(), kept = (temp.path() / "its script.gp").string();
  CHECK(afd::detail::draw("set term svg\nset output '" + picture + "'\nplot x\n", kept));
  CHECK(std::filesystem::file_size(picture) > 0);
  CHECK(std::filesystem::exists(kept));
  CHECK(!afd::detail::draw("no such command\n", kept));
}

TEST_SUITE_END();
