// SPDX-License-Identifier: MIT
#include <afd/data/folder.hpp>
//
#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("data");

using afd::find_data_file;

TEST_CASE("find_data_file prefers the name as it is, then takes .gz") {
  const afd_test::TempFolder folder;
  const auto compressed = folder.write("labels.gz", {1});
  CHECK(find_data_file(folder.path(), "labels") == compressed);
  const auto plain = folder.write("labels", {1});
  CHECK(find_data_file(folder.path(), "labels") == plain);
}

TEST_CASE("find_data_file lists what it looked for") {
  const afd_test::TempFolder folder;
  const auto find = [&](const std::filesystem::path& where) { static_cast<void>(find_data_file(where, "labels")); };
  CHECK_THROWS_WITH_AS(find(folder.path()), doctest::Contains("neither labels nor labels.gz"), afd::FileError);
  CHECK_THROWS_WITH_AS(find(folder.path() / "absent"), doctest::Contains("no folder"), afd::FileError);
  CHECK_THROWS_WITH_AS(find(folder.write("file", {1})), doctest::Contains("no folder"), afd::FileError);
}

TEST_SUITE_END();
