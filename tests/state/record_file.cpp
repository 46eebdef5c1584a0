// SPDX-License-Identifier: MIT
#include <afd/state/record_file.hpp>
//
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("state");

using afd::Bytes;
using afd::ContentKey;
using afd::RecordFile;
using afd_test::TempFolder;

namespace {

constexpr afd::ContentKind kind{"cache", 2};

Bytes content(std::size_t number) {
  Bytes bytes(20 + 7 * number);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * number + number);
  return bytes;
}
ContentKey key(std::size_t number) {
  return {number, 100 - number};
}

RecordFile opened(const std::filesystem::path& path) {
  return {path, Bytes{'h', 'i'}, kind};
}

/// A file of `count` records; where each of them begins, and the end.
std::vector<std::size_t> write(const std::filesystem::path& path, std::size_t count) {
  RecordFile file = opened(path);
  std::vector<std::size_t> ends{std::filesystem::file_size(path)};
  for (std::size_t i = 0; i < count; ++i) {
    file.append(key(i), content(i));
    ends.push_back(std::filesystem::file_size(path));
  }
  return ends;
}

Bytes bytes_in(const std::filesystem::path& path) {
  return afd::detail::read_raw(path);
}

/// Whether every record that is there is the right one, and how many there are.
std::size_t count_right(RecordFile& file, std::size_t count) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto read = file.read(key(i));
    if (!read) continue;
    REQUIRE(*read == content(i));
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("records are found again by their keys, in the same file and in another process's time") {
  const TempFolder folder;
  const auto path = folder.path() / "records";
  {
    RecordFile file = opened(path);
    CHECK(file.can_write());
    CHECK(file.size() == 0);
    CHECK_FALSE(file.read(key(3)).has_value());
    for (std::size_t i = 0; i < 5; ++i) file.append(key(i), content(i));
    CHECK(count_right(file, 5) == 5);
    file.append(key(2), content(9));
    CHECK(*file.read(key(2)) == content(9));
    file.append(key(2), content(2));
    CHECK_NOTHROW(file.sync());
  }
  RecordFile file = opened(path);
  CHECK(file.header() == Bytes{'h', 'i'});
  CHECK(file.size() == 5);
  CHECK(file.contains(key(4)));
  CHECK_FALSE(file.contains(key(5)));
  CHECK(file.keys().size() == 5);
  CHECK(count_right(file, 6) == 5);
  CHECK(file.damaged_bytes() == 0);
  CHECK(RecordFile(path, Bytes{'o', 't', 'h', 'e', 'r'}, kind).header() == Bytes{'h', 'i'});
}

TEST_CASE("of a file that ends anywhere what is whole is found, and what is written then, too") {
  const TempFolder folder;
  const auto path = folder.path() / "records", cut = folder.path() / "cut";
  const auto ends = write(path, 4);
  const Bytes bytes = bytes_in(path);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CAPTURE(size);
    folder.write("cut", Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
    std::size_t whole = 0;
    while (whole < 4 && ends[whole + 1] <= size) ++whole;
    {
      RecordFile file = opened(cut);
      REQUIRE(count_right(file, 4) == whole);
      REQUIRE(file.damaged_bytes() == (size <= ends[0] ? 0 : size - ends[whole]));
      for (std::size_t i = whole; i < 4; ++i) file.append(key(i), content(i));
      REQUIRE(count_right(file, 4) == 4);
    }
    REQUIRE(bytes_in(cut) == bytes);
  }
}

TEST_CASE("no record that is damaged is given, and the others are found, whichever byte it is") {
  const TempFolder folder;
  const auto path = folder.path() / "records", damaged = folder.path() / "damaged";
  const auto ends = write(path, 4);
  const Bytes bytes = bytes_in(path);
  for (std::size_t at = ends[0]; at < bytes.size(); ++at) {
    CAPTURE(at);
    Bytes changed = bytes;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 0x21);
    folder.write("damaged", changed);
    RecordFile file = opened(damaged);
    REQUIRE(count_right(file, 4) == 3);
    const auto hit = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), at) - ends.begin()) - 1;
    const std::size_t in_record = at - ends[hit];
    const bool is_key = in_record >= 48 && in_record < 64;  // there is a record of another key, which nobody reads
    REQUIRE(file.damaged_bytes() == (is_key ? 0 : ends[hit + 1] - ends[hit]));
    if (is_key) REQUIRE(file.size() == 4);
    for (const ContentKey& found : file.keys()) static_cast<void>(file.read(found));
    REQUIRE(file.size() == 3);
    REQUIRE(file.damaged_bytes() == ends[hit + 1] - ends[hit]);
    file.append(key(hit), content(hit));
    REQUIRE(count_right(file, 4) == 4);
  }
  for (std::size_t at = 0; at < ends[0]; ++at) {
    Bytes changed = bytes;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 0x21);
    folder.write("damaged", changed);
    REQUIRE_THROWS_AS(opened(damaged), afd::FormatError);
    REQUIRE(bytes_in(damaged) == changed);
  }
}

TEST_CASE("what is no such file is refused by name and left alone") {
  const TempFolder folder;
  const Bytes text{'d', 'e', 'a', 'r', ' ', 'd', 'i', 'a', 'r', 'y'};
  const auto path = folder.write("diary.txt", text);
  CHECK_THROWS_WITH_AS(opened(path), doctest::Contains("diary.txt is not a file of afd"), afd::FormatError);
  CHECK(bytes_in(path) == text);
  const auto network = folder.write("network.afd", afd::seal(content(3), {"network", 1}));
  CHECK_THROWS_WITH_AS(opened(network), doctest::Contains("holds a network, but a cache"), afd::FormatError);
  const auto newer = folder.write("newer", afd::seal(content(3), {"cache", 3}));
  CHECK_THROWS_AS(opened(newer), afd::VersionError);
  CHECK_THROWS_WITH_AS(opened(folder.path() / "none" / "file"), doctest::Contains("No such file"), afd::FileError);
  CHECK_THROWS_AS(opened(folder.path()), afd::FileError);
}

TEST_CASE("one writes, and others read what was there") {
  const TempFolder folder;
  const auto path = folder.path() / "records";
  RecordFile first = opened(path);
  first.append(key(0), content(0));
  RecordFile second = opened(path);
  CHECK_FALSE(second.can_write());
  CHECK(count_right(second, 1) == 1);
  second.append(key(1), content(1));
  CHECK_FALSE(second.contains(key(1)));
  first.append(key(1), content(1));
  CHECK_FALSE(second.contains(key(1)));
  RecordFile moved = std::move(first);
  CHECK(moved.can_write());
  CHECK(count_right(moved, 2) == 2);
}

TEST_CASE("a file that may only be read is read") {
  const TempFolder folder;
  const auto path = folder.path() / "records";
  write(path, 2);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  if (::access(path.c_str(), W_OK) == 0) return;  // as root everything may be written
  RecordFile file = opened(path);
  CHECK_FALSE(file.can_write());
  CHECK(count_right(file, 2) == 2);
}

TEST_CASE("a disk that takes no more is an error, and the file stays as it was") {
  const TempFolder folder;
  const auto path = folder.path() / "records";
  const auto ends = write(path, 2);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{ends[2] + 30, ends[2] + 30};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(3);
    try {
      RecordFile file = opened(path);
      file.append(key(2), content(2));
    } catch (const afd::FileError&) {
      ::_exit(std::filesystem::file_size(path) == ends[2] ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  RecordFile file = opened(path);
  CHECK(count_right(file, 3) == 2);
}

TEST_CASE("a program that is killed while it writes leaves a file that can be gone on with") {
  const TempFolder folder;
  const auto path = folder.path() / "records";
  std::size_t before = 0;
  constexpr std::size_t count = 100000;
  for (int round = 0; round < 8; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      RecordFile file = opened(path);
      for (std::size_t i = file.size(); i < count; ++i)
        file.append({i, 1}, Bytes(5000 + i % 7, static_cast<std::uint8_t>(i)));
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(15 + 3 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    RecordFile file = opened(path);
    REQUIRE(file.can_write());
    REQUIRE(file.size() >= before);
    before = file.size();
    for (std::size_t i = 0; i < before; ++i) {
      const auto read = file.read({i, 1});
      REQUIRE(read.has_value());
      REQUIRE(*read == Bytes(5000 + i % 7, static_cast<std::uint8_t>(i)));
    }
  }
  CHECK(before > 0);
}

TEST_SUITE_END();
