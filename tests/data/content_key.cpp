// SPDX-License-Identifier: MIT
#include <afd/data/content_key.hpp>
//
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::ContentKey;
using afd::detail::content_key;
using Bytes = std::vector<std::uint8_t>;

namespace {

Bytes some(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 1);
  return bytes;
}

}  // namespace

TEST_CASE("a change of any bit, and any length, gives another key, in both words") {
  std::set<std::uint64_t> first, second;
  std::size_t count = 0;
  const auto note = [&](const ContentKey& key) {
    first.insert(key.first);
    second.insert(key.second);
    ++count;
  };
  for (std::size_t size = 0; size < 80; ++size) note(content_key(some(size)));
  const Bytes given = some(75);
  for (std::size_t at = 0; at < given.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = given;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1 << bit));
      note(content_key(changed));
    }
  }
  for (std::size_t zeros = 0; zeros < 70; ++zeros) note(content_key(Bytes(zeros + 100, 0)));
  CHECK(first.size() == count);
  CHECK(second.size() == count);
}

TEST_CASE("words that change places, within a lane and between lanes, give another key") {
  Bytes bytes(96);
  for (std::size_t i = 0; i < 12; ++i) bytes[8 * i] = static_cast<std::uint8_t>(i + 1);
  std::set<ContentKey> keys{content_key(bytes)};
  for (std::size_t i = 0; i < 12; ++i) {
    for (std::size_t j = i + 1; j < 12; ++j) {
      Bytes swapped = bytes;
      std::swap(swapped[8 * i], swapped[8 * j]);
      keys.insert(content_key(swapped));
    }
  }
  CHECK(keys.size() == 1 + 12 * 11 / 2);
}

TEST_CASE("as text a key is both of its words") {
  CHECK(afd::detail::text_of(ContentKey{0x1f, 0xfedcba9876543210}) == "1f-fedcba9876543210");
  CHECK(afd::detail::text_of({}) == "0-0");
}

TEST_CASE("a key goes on from another, and numbers count in their order") {
  const ContentKey a = content_key(some(9)), b = content_key(some(9), a);
  CHECK(a == content_key(some(9)));
  CHECK(a != b);
  CHECK(content_key(some(9), {1, 2}) != content_key(some(9), {2, 1}));
  using afd::detail::extended;
  CHECK(extended(extended(a, 1), 2) != extended(extended(a, 2), 1));
  CHECK(extended(a, 0) != a);
}

TEST_SUITE_END();
