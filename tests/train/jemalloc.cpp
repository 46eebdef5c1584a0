// SPDX-License-Identifier: MIT
#include <afd/train/jemalloc.hpp>
//
#include <cstddef>
#include <cstdlib>
#include <string>

#include <sys/resource.h>

#include <doctest/doctest.h>
#include <jemalloc/jemalloc.h>

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

TEST_CASE("jemalloc is malloc here, and has read its settings") {
  const char* thp = nullptr;
  std::size_t size = sizeof thp;
  REQUIRE(mallctl("opt.thp", static_cast<void*>(&thp), &size, nullptr, 0) == 0);
  CHECK(std::string(thp) == "always");
  ssize_t decay = 0;
  size = sizeof decay;
  REQUIRE(mallctl("opt.dirty_decay_ms", &decay, &size, nullptr, 0) == 0);
  CHECK(decay == -1);
}

TEST_CASE("a large block that was freed comes back without page faults") {
  constexpr std::size_t bytes = 48U << 20;
  faults(bytes);
  CHECK(faults(bytes) < 100);  // of 12288
}

TEST_SUITE_END();
