// SPDX-License-Identifier: MIT
#include <afd/train/keep_memory.hpp>
//
#include <cstddef>

#include <doctest/doctest.h>

#include "support/page_faults.hpp"

TEST_SUITE_BEGIN("train");

using afd_test::page_faults;

TEST_CASE("a large block that was freed comes back without page faults") {
  constexpr std::size_t bytes = 48U << 20;
  const long first = page_faults(bytes);
  if (!afd::keep_freed_memory()) return;  // another C library
  page_faults(bytes);
  CHECK(page_faults(bytes) * 10 <= first);
}

TEST_SUITE_END();
