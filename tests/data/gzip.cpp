// SPDX-License-Identifier: MIT
#include <afd/data/gzip.hpp>
//
#include <cstddef>
#include <filesystem>
#include <string_view>

#include <zlib.h>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::FormatError;
using afd::GzipFiles;
using afd_test::TempFolder;

namespace {

/// Half of it compresses well, half of it does not.
Bytes sample_content(std::size_t size) {
  Bytes content(size);
  std::uint32_t noise = 1;
  for (std::size_t i = 0; i < size; ++i) {
    noise = noise * 1664525U + 1013904223U;
    content[i] = static_cast<std::uint8_t>(i < size / 2 ? i / 100 : noise >> 24);
  }
  return content;
}

/// The bytes of a file that zlib itself wrote.
Bytes packed(const Bytes& content) {
  const TempFolder folder;
  const std::filesystem::path path = folder.path() / "content.gz";
  const gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(gzwrite(file, content.data(), static_cast<unsigned>(content.size())) == static_cast<int>(content.size()));
  REQUIRE(gzclose(file) == Z_OK);
  return afd::detail::read_raw(path);
}

void read(const std::filesystem::path& path) {
  static_cast<void>(GzipFiles{}(path));
}
void unpack(const Bytes& bytes) {
  static_cast<void>(afd::gunzip(bytes, "some.gz"));
}

}  // namespace

TEST_CASE("GzipFiles unpacks what zlib wrote, and reads plain files as they are") {
  const TempFolder folder;
  const Bytes content = sample_content(300'001);
  const Bytes compressed = packed(content);
  CHECK(compressed.size() < content.size());
  CHECK(GzipFiles{}(folder.write("content.gz", compressed)) == content);
  CHECK(GzipFiles{}(folder.write("content", content)) == content);
  CHECK(GzipFiles{}(folder.write("empty.gz", packed({}))).empty());
  CHECK(GzipFiles{}(folder.write("empty", {})).empty());
  CHECK_THROWS_WITH_AS(read(folder.path() / "absent.gz"), doctest::Contains("absent.gz"), afd::FileError);
}

TEST_CASE("members that follow each other are unpacked as one") {
  const Bytes first{1, 2, 3}, second{4, 5};
  Bytes both = packed(first);
  const Bytes more = packed(second);
  both.insert(both.end(), more.begin(), more.end());
  CHECK(afd::gunzip(both, "both") == Bytes{1, 2, 3, 4, 5});
}

TEST_CASE("a gzip file truncated anywhere is an error") {
  const Bytes compressed = packed(sample_content(300));
  for (std::size_t kept = 0; kept < compressed.size(); ++kept) {
    const Bytes cut(compressed.begin(), compressed.begin() + static_cast<std::ptrdiff_t>(kept));
    CAPTURE(kept);
    CHECK_THROWS_AS(unpack(cut), FormatError);
  }
  const TempFolder folder;
  const Bytes large = packed(sample_content(300'000));
  const auto path = folder.write("cut.gz", Bytes(large.begin(), large.end() - 1));
  CHECK_THROWS_WITH_AS(read(path), doctest::Contains("truncated"), FormatError);
  CHECK_THROWS_WITH_AS(read(path), doctest::Contains("cut.gz"), FormatError);
}

TEST_CASE("a flipped bit is an error unless it leaves the content as it was") {
  // Some bits mean nothing: the header's time stamp, padding, lengths of codes that never occur.
  const Bytes content = sample_content(300);
  const Bytes compressed = packed(content);
  constexpr std::size_t trailer = 8;
  for (std::size_t bit = 0; bit < compressed.size() * 8; ++bit) {
    Bytes damaged = compressed;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
    CAPTURE(bit);
    try {
      const Bytes unpacked = afd::gunzip(damaged, "some.gz");
      CHECK(unpacked == content);
      CHECK(bit / 8 < compressed.size() - trailer);
    } catch (const FormatError& error) {
      CHECK(std::string_view(error.what()).find("some.gz") != std::string_view::npos);
    }
  }
}

TEST_CASE("a wrong checksum is named") {
  Bytes damaged = packed({1, 2, 3});
  damaged[damaged.size() - 8] = static_cast<std::uint8_t>(damaged[damaged.size() - 8] ^ 1U);  // of the CRC-32
  CHECK_THROWS_WITH_AS(unpack(damaged), doctest::Contains("data check"), FormatError);
}

TEST_CASE("bytes after the last member are an error") {
  Bytes followed = packed({1, 2, 3});
  followed.push_back(0);
  CHECK_THROWS_WITH_AS(unpack(followed), doctest::Contains("1 bytes that are not gzip"), FormatError);
}

TEST_SUITE_END();
