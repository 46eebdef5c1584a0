// SPDX-License-Identifier: MIT
#include <afd/data/shard.hpp>
//
#include <cstdint>
#include <initializer_list>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

TEST_CASE("parts follow each other, and differ in size by one at most") {
  for (const std::int64_t n : {0, 1, 7, 12}) {
    for (const std::int64_t count : {1, 2, 5}) {
      std::int64_t end = 0;
      for (std::int64_t index = 0; index < count; ++index) {
        const afd::Shard shard{index, count};
        CHECK(shard.begin_of(n) == end);
        end = shard.end_of(n);
        const std::int64_t size = end - shard.begin_of(n);
        CHECK((size == n / count || size == n / count + 1));
      }
      CHECK(end == n);
    }
  }
}

TEST_CASE("a source says which part it gives; one that does not gives all") {
  struct Part {
    [[nodiscard]] afd::Shard shard() const { return {1, 3}; }
  };
  CHECK(afd::shard_of(Part{}) == afd::Shard{1, 3});
  CHECK(afd::shard_of(1) == afd::Shard{});
}

TEST_SUITE_END();
