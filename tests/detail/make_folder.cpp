// SPDX-License-Identifier: MIT
#include <afd/detail/make_folder.hpp>
//
#include <filesystem>
#include <fstream>

#include <afd/error.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

namespace fs = std::filesystem;
using afd_test::TempFolder;

TEST_SUITE_BEGIN("detail");

TEST_CASE("a folder is made with those above it, and one that is there stays as it is") {
  const TempFolder temp;
  const fs::path folder = temp.path() / "a" / "b";
  afd::detail::make_folder(folder);
  CHECK(fs::is_directory(folder));
  std::ofstream(folder / "file") << "text";
  afd::detail::make_folder(folder);
  CHECK(fs::exists(folder / "file"));
}

TEST_CASE("a file in the way is named") {
  const TempFolder temp;
  std::ofstream(temp.path() / "file") << "text";
  const fs::path folder = temp.path() / "file" / "b";
  CHECK_THROWS_WITH_AS(afd::detail::make_folder(folder), doctest::Contains(folder.c_str()), afd::FileError);
}

TEST_SUITE_END();
