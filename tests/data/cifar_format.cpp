// SPDX-License-Identifier: MIT
#include <afd/data/cifar_format.hpp>
//
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CifarRecords;
using afd::FormatError;
using Bytes = std::vector<std::uint8_t>;

namespace {

/// Records whose labels are given and whose pixel p is (record + p) mod 251.
Bytes cifar_file(std::initializer_list<Bytes> labels) {
  Bytes file;
  std::size_t record = 0;
  for (const Bytes& of_record : labels) {
    file.insert(file.end(), of_record.begin(), of_record.end());
    for (std::size_t p = 0; p < 3072; ++p) file.push_back(static_cast<std::uint8_t>((record + p) % 251));
    ++record;
  }
  return file;
}

void parse_10(const Bytes& file) {
  static_cast<void>(afd::parse_cifar10(file, "batch.bin"));
}
void parse_100(const Bytes& file) {
  static_cast<void>(afd::parse_cifar100(file, "train.bin"));
}

}  // namespace

TEST_CASE("parse_cifar10 finds labels and pixels of every record") {
  const Bytes file = cifar_file({{3}, {0}, {9}});
  const CifarRecords records = afd::parse_cifar10(file, "batch.bin");
  REQUIRE(records.size() == 3);
  CHECK(records.label(0) == 3);
  CHECK(records.label(1) == 0);
  CHECK(records.label(2) == 9);
  CHECK(records.pixels(0).data() == file.data() + 1);
  CHECK(records.pixels(2).data() == file.data() + 2 * 3073 + 1);
  CHECK(records.pixels(2)[3071] == (2 + 3071) % 251);
}

TEST_CASE("parse_cifar100 has the coarse label first") {
  const Bytes file = cifar_file({{19, 99}, {4, 50}});
  const CifarRecords records = afd::parse_cifar100(file, "train.bin");
  REQUIRE(records.size() == 2);
  CHECK(records.label(0, 0) == 19);
  CHECK(records.label(0, 1) == 99);
  CHECK(records.label(1, 0) == 4);
  CHECK(records.label(1, 1) == 50);
  CHECK(records.pixels(1).data() == file.data() + 3074 + 2);
}

TEST_CASE("a size that is no positive multiple of a record is an error with both numbers") {
  Bytes file = cifar_file({{1}, {2}});
  file.pop_back();
  CHECK_THROWS_WITH_AS(parse_10(file), doctest::Contains("6145 bytes"), FormatError);
  CHECK_THROWS_WITH_AS(parse_10(file), doctest::Contains("multiple of 3073"), FormatError);
  CHECK_THROWS_WITH_AS(parse_10({}), doctest::Contains("batch.bin"), FormatError);
  CHECK_THROWS_WITH_AS(parse_100(cifar_file({{1}})), doctest::Contains("multiple of 3074"), FormatError);
  CHECK_THROWS_AS(parse_10(cifar_file({{1, 1}})), FormatError);
}

TEST_CASE("a label out of range is an error that names the record") {
  CHECK_THROWS_WITH_AS(parse_10(cifar_file({{9}, {10}})), doctest::Contains("record 1 has label 10, the largest is 9"),
                       FormatError);
  CHECK_THROWS_WITH_AS(parse_100(cifar_file({{19, 99}, {0, 0}, {20, 0}})),
                       doctest::Contains("record 2 has coarse label 20, the largest is 19"), FormatError);
  CHECK_THROWS_WITH_AS(parse_100(cifar_file({{0, 100}})), doctest::Contains("record 0 has fine label 100"),
                       FormatError);
}

TEST_SUITE_END();
