// SPDX-License-Identifier: MIT
#include <afd/train/keep_memory.hpp>
//
#include <cstddef>
#include <cstdlib>

#include <sys/resource.h>

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("train");

namespace {

/// Page faults of allocating, touching and freeing a block.
long faults(std::size_t bytes) {
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  auto* block = static_cast<volatile char*>(std::malloc(bytes));
  REQUIRE((block != nullptr));
  for (std::size_t i = 0; i < bytes; i += 4096) block[i] = 1;
  std::free(const_cast<char*>(block));
  getrusage(RUSAGE_SELF, &after);
  return after.ru_minflt - before.ru_minflt;
}

}  // namespace

TEST_CASE("a large block that was freed comes back without page faults") {
  constexpr std::size_t bytes = 48U << 20;
  const long first = faults(bytes);
  if (!afd::keep_freed_memory()) return;  // another C library
  faults(bytes);
  CHECK(faults(bytes) * 10 <= first);
}

TEST_SUITE_END();
