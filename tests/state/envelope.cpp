// SPDX-License-Identifier: MIT
#include <afd/state/envelope.hpp>
//
#include <set>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

using afd::Bytes;

namespace {

constexpr afd::ContentKind kind{"run", 3};

Bytes content(std::size_t size) {
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 7));
  return bytes;
}

}  // namespace

TEST_CASE("what was sealed comes out again, whatever its size") {
  for (const std::size_t size : std::vector<std::size_t>{0, 1, 7, 8, 9, 1000}) {
    const Bytes sealed = afd::seal(content(size), kind);
    CHECK(sealed.size() == 48 + size);
    const auto opened = afd::unseal(sealed, kind, "file");
    CHECK(Bytes(opened.begin(), opened.end()) == content(size));
  }
}

TEST_CASE("every change of a byte, every truncation and every addition is found") {
  const Bytes sealed = afd::seal(content(29), kind);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      Bytes damaged = sealed;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ change);
      REQUIRE_THROWS_AS(static_cast<void>(afd::unseal(damaged, kind, "file")), afd::FormatError);
    }
  }
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    REQUIRE_THROWS_AS(static_cast<void>(afd::unseal(std::span(sealed).first(length), kind, "file")), afd::FormatError);
  }
  Bytes longer = sealed;
  longer.push_back(0);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::unseal(longer, kind, "file")), doctest::Contains("after its end"),
                       afd::FormatError);
}

TEST_CASE("messages name the file and what is wrong with it") {
  const Bytes sealed = afd::seal(content(20), kind);
  const auto opening = [&](const Bytes& bytes, const afd::ContentKind& wanted) {
    return [&bytes, wanted] { static_cast<void>(afd::unseal(bytes, wanted, "a.afd")); };
  };
  CHECK_THROWS_WITH_AS(opening(sealed, {"network", 3})(), doctest::Contains("a.afd holds a run, but a network"),
                       afd::FormatError);
  CHECK_THROWS_WITH_AS(opening(sealed, {"run", 2})(), doctest::Contains("version 3"), afd::FormatError);
  CHECK_NOTHROW(opening(sealed, {"run", 4})());
  CHECK_THROWS_WITH_AS(opening(Bytes{'P', 'K'}, kind)(), doctest::Contains("not a file of afd"), afd::FormatError);
  Bytes damaged = sealed;
  damaged.back() ^= 1;
  CHECK_THROWS_WITH_AS(opening(damaged, kind)(), doctest::Contains("checksum of its content"), afd::FormatError);
  const Bytes cut(sealed.begin(), sealed.end() - 5);
  CHECK_THROWS_WITH_AS(opening(cut, kind)(), doctest::Contains("15 bytes of 20"), afd::FormatError);
}

TEST_CASE("checksums of nearby contents differ, and stay what they are from version to version") {
  std::set<std::uint64_t> sums;
  for (std::size_t size = 0; size < 200; ++size) sums.insert(afd::detail::checksum(Bytes(size, 0)));
  for (std::size_t size = 0; size < 200; ++size) sums.insert(afd::detail::checksum(content(size)));
  CHECK(sums.size() == 200 + 200 - 2);  // sizes 0 and 1 are the same in both
  CHECK(afd::detail::checksum(content(20)) == 0xbacac88c6a475f9a);
}

TEST_SUITE_END();
