// SPDX-License-Identifier: MIT
#include <afd/compute/jemalloc.hpp>
//
#include <cstddef>
#include <string>

#include <jemalloc/jemalloc.h>

#include "support/doctest.hpp"
#include "support/page_faults.hpp"

TEST_SUITE_BEGIN("compute");

using afd_test::page_faults;

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
  page_faults(bytes);
  CHECK(page_faults(bytes) < 100);  // of 12288
}

TEST_SUITE_END();
