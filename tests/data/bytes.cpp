// SPDX-License-Identifier: MIT
#include <afd/data/bytes.hpp>
//
#include <cstddef>
#include <filesystem>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::FileReader;
using afd::PlainFiles;
using afd_test::TempFolder;

namespace {

struct ReturnsNothing {
  void operator()(const std::filesystem::path&) const {}
};
struct ChangesItself {
  Bytes operator()(const std::filesystem::path&) { return {}; }
};

void read(const std::filesystem::path& path) {
  static_cast<void>(PlainFiles{}(path));
}

}  // namespace

static_assert(FileReader<PlainFiles>);
static_assert(FileReader<decltype([](const std::filesystem::path&) { return Bytes{}; })>);
static_assert(!FileReader<ReturnsNothing>);
static_assert(!FileReader<ChangesItself>);

TEST_CASE("PlainFiles reads every byte of a file larger than its pieces") {
  const TempFolder folder;
  Bytes content(200'003);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  CHECK(PlainFiles{}(folder.write("large.bin", content)) == content);
  CHECK(PlainFiles{}(folder.write("empty.bin", {})).empty());
  CHECK(PlainFiles{}(folder.write("one.bin", {0x1f})) == Bytes{0x1f});
}

TEST_CASE("PlainFiles says which file it cannot read, and why") {
  const TempFolder folder;
  CHECK_THROWS_WITH_AS(read(folder.path() / "absent.bin"), doctest::Contains("absent.bin"), afd::FileError);
  CHECK_THROWS_WITH_AS(read(folder.path() / "absent.bin"), doctest::Contains("no such file"), afd::FileError);
  CHECK_THROWS_WITH_AS(read(folder.path()), doctest::Contains("directory"), afd::FileError);
  const auto file = folder.write("file.bin", {1, 2, 3});
  CHECK_THROWS_WITH_AS(read(file / "inside"), doctest::Contains("inside"), afd::FileError);
  const std::filesystem::path loop = folder.path() / "loop";
  std::filesystem::create_symlink(loop, loop);
  CHECK_THROWS_WITH_AS(read(loop), doctest::Contains("loop"), afd::FileError);
}

TEST_CASE("PlainFiles reports a read that fails after the file was opened") {
  const std::filesystem::path unreadable = "/proc/self/mem";  // opens, but nothing is mapped at its start
  if (!std::filesystem::exists(unreadable)) return;
  CHECK_THROWS_WITH_AS(read(unreadable), doctest::Contains("read failed"), afd::FileError);
}

TEST_CASE("PlainFiles refuses a gzip file and names the way out") {
  const TempFolder folder;
  const auto path = folder.write("packed", {0x1f, 0x8b, 8, 0});
  CHECK_THROWS_WITH_AS(read(path), doctest::Contains("afd::GzipFiles{}"), afd::FormatError);
  CHECK_THROWS_WITH_AS(read(path), doctest::Contains("gunzip"), afd::FormatError);
  CHECK_THROWS_WITH_AS(read(path), doctest::Contains("packed"), afd::FormatError);
}

TEST_SUITE_END();
