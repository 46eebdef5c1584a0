// SPDX-License-Identifier: MIT
#include <afd/detail/atomic_file.hpp>
//
#include <fstream>
#include <iterator>
#include <string>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("detail");

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("a file is written whole, over an older one, and leaves nothing else behind") {
  const afd_test::TempFolder folder;
  const auto path = folder.path() / "file";
  const std::string large(1 << 20, 'x');
  afd::detail::write_file_atomically(path, large);
  CHECK(content(path) == large);
  const std::string bytes("a\0b\n", 4);
  afd::detail::write_file_atomically(path, bytes);
  CHECK(content(path) == bytes);
  afd::detail::write_file_atomically(path, std::string());
  CHECK(std::filesystem::file_size(path) == 0);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a folder that is not there, or is a file, is an error that names the path") {
  const afd_test::TempFolder folder;
  CHECK_THROWS_WITH_AS(afd::detail::write_file_atomically(folder.path() / "no" / "file", std::string("x")),
                       doctest::Contains("No such file"), afd::FileError);
  folder.write("plain", {1});
  CHECK_THROWS_WITH_AS(afd::detail::write_file_atomically(folder.path() / "plain" / "file", std::string("x")),
                       doctest::Contains("plain"), afd::FileError);
}

TEST_CASE("a name that a folder has already keeps that folder, and no temporary file stays") {
  const afd_test::TempFolder folder;
  std::filesystem::create_directories(folder.path() / "taken" / "inside");
  CHECK_THROWS_WITH_AS(afd::detail::write_file_atomically(folder.path() / "taken", std::string("x")),
                       doctest::Contains("renaming failed"), afd::FileError);
  CHECK(std::filesystem::is_directory(folder.path() / "taken" / "inside"));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a full disk is an error, not a short file") {
  if (!std::filesystem::exists("/dev/full")) return;
  const afd::detail::Descriptor full("/dev/full", O_WRONLY);
  REQUIRE(full.get() >= 0);
  CHECK_FALSE(afd::detail::write_all(full.get(), std::string("x")));
}

TEST_SUITE_END();
