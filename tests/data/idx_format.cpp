// SPDX-License-Identifier: MIT
#include <afd/data/idx_format.hpp>
//
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::FormatError;
using afd::IdxView;
using afd::parse_idx;
using Bytes = std::vector<std::uint8_t>;

namespace {

/// A file of unsigned bytes with these sizes, and `content` bytes after the header.
Bytes idx_file(std::initializer_list<std::uint32_t> dims, std::size_t content) {
  Bytes file{0, 0, 8, static_cast<std::uint8_t>(dims.size())};
  for (const std::uint32_t size : dims) {
    for (const int shift : {24, 16, 8, 0}) file.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  for (std::size_t i = 0; i < content; ++i) file.push_back(static_cast<std::uint8_t>(i + 1));
  return file;
}

void parse(const Bytes& file) {
  static_cast<void>(parse_idx(file, "some.idx"));
}

}  // namespace

TEST_CASE("parse_idx reads sizes as big-endian and points at the elements") {
  const Bytes file = idx_file({2, 3, 4}, 24);
  const IdxView view = parse_idx(file, "some.idx");
  CHECK(view.element == afd::IdxElement::unsigned_byte);
  CHECK(view.dims == std::vector<std::int64_t>{2, 3, 4});
  CHECK(view.payload.size() == 24);
  CHECK(view.payload.data() == file.data() + 16);
  CHECK(view.payload[23] == 24);

  const Bytes labels = idx_file({0x0102}, 0x0102);
  CHECK(parse_idx(labels, "some.idx").dims == std::vector<std::int64_t>{258});
}

TEST_CASE("parse_idx accepts ranks 1 to the limit and no others") {
  CHECK(parse_idx(idx_file({1, 1, 1, 1, 1, 1, 1, 2}, 2), "deep").dims.size() == afd::max_idx_rank);
  CHECK_THROWS_WITH_AS(parse(idx_file({1, 1, 1, 1, 1, 1, 1, 1, 2}, 2)), doctest::Contains("9 dimensions"), FormatError);
  CHECK_THROWS_WITH_AS(parse(idx_file({}, 1)), doctest::Contains("0 dimensions"), FormatError);
}

TEST_CASE("parse_idx rejects a wrong magic number, naming the file") {
  CHECK_THROWS_WITH_AS(parse({0, 0, 8}), doctest::Contains("3 bytes"), FormatError);
  CHECK_THROWS_WITH_AS(parse({}), doctest::Contains("some.idx"), FormatError);
  CHECK_THROWS_WITH_AS(parse({0x1f, 0x8b, 8, 1}), doctest::Contains("starts with bytes 31 139"), FormatError);
  CHECK_THROWS_WITH_AS(parse({0, 1, 8, 1, 0, 0, 0, 1, 7}), doctest::Contains("expected 0 0"), FormatError);
}

TEST_CASE("parse_idx names the element type it does not support") {
  const auto of_type = [](std::uint8_t type) { return Bytes{0, 0, type, 1, 0, 0, 0, 1, 0, 0, 0, 0}; };
  CHECK_THROWS_WITH_AS(parse(of_type(0x09)), doctest::Contains("signed byte"), FormatError);
  CHECK_THROWS_WITH_AS(parse(of_type(0x0b)), doctest::Contains("16-bit integer"), FormatError);
  CHECK_THROWS_WITH_AS(parse(of_type(0x0c)), doctest::Contains("32-bit integer"), FormatError);
  CHECK_THROWS_WITH_AS(parse(of_type(0x0d)), doctest::Contains("32-bit float"), FormatError);
  CHECK_THROWS_WITH_AS(parse(of_type(0x0e)), doctest::Contains("64-bit float"), FormatError);
  CHECK_THROWS_WITH_AS(parse(of_type(0x0a)), doctest::Contains("unknown"), FormatError);
}

TEST_CASE("parse_idx wants exactly the promised content") {
  CHECK_THROWS_WITH_AS(parse(idx_file({2, 3}, 5)), doctest::Contains("truncated: expected 6 bytes"), FormatError);
  CHECK_THROWS_WITH_AS(parse(idx_file({2, 3}, 5)), doctest::Contains("got 5"), FormatError);
  CHECK_THROWS_WITH_AS(parse(idx_file({2, 3}, 7)), doctest::Contains("longer"), FormatError);
  CHECK_THROWS_WITH_AS(parse(idx_file({2, 3}, 7)), doctest::Contains("expected 6"), FormatError);
  CHECK_THROWS_WITH_AS(parse({0, 0, 8, 2, 0, 0, 0, 1, 0}), doctest::Contains("12 bytes, the file has 9"), FormatError);
}

TEST_CASE("every truncation of a file is an error") {
  const Bytes file = idx_file({2, 3}, 6);
  for (std::size_t kept = 0; kept < file.size(); ++kept) {
    CAPTURE(kept);
    CHECK_THROWS_AS(parse(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(kept))), FormatError);
  }
}

TEST_CASE("sizes that are 0 or overflow are errors, not allocations") {
  CHECK_THROWS_WITH_AS(parse(idx_file({2, 0, 4}, 0)), doctest::Contains("dimension 1 has size 0"), FormatError);
  CHECK_THROWS_WITH_AS(parse(idx_file({0xffffffff, 0xffffffff}, 1)), doctest::Contains("overflows"), FormatError);
  // 2^31 * 2^31 * 4 is 0 modulo 2^64: an unchecked product would agree with an empty payload.
  CHECK_THROWS_WITH_AS(parse(idx_file({0x80000000, 0x80000000, 4}, 0)), doctest::Contains("overflows"), FormatError);
  CHECK_THROWS_WITH_AS(parse(idx_file({0xffffffff, 0x7fffffff}, 1)), doctest::Contains("truncated"), FormatError);
}

TEST_SUITE_END();
