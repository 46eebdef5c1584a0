// SPDX-License-Identifier: MIT
#include <afd/compute/keep_memory.hpp>
//
#include <cstddef>

#include "support/doctest.hpp"
#include "support/page_faults.hpp"

TEST_SUITE_BEGIN("compute");

using afd_test::page_faults;

// Sanitizers bring an allocator of their own, which mallopt() does not tell anything.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool is_skipped = true;
#else
constexpr bool is_skipped = false;
#endif

TEST_CASE("a large block that was freed comes back without page faults" * doctest::skip(is_skipped)) {
  constexpr std::size_t bytes = 48U << 20;
  const long first = page_faults(bytes);
  if (!afd::keep_freed_memory()) return;  // another C library
  page_faults(bytes);
  CHECK(page_faults(bytes) * 10 <= first);
}

TEST_SUITE_END();
