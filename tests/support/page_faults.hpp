// SPDX-License-Identifier: MIT
#pragma once

// Counts the page faults of a block of memory. Torch-free.

#include <cstddef>
#include <cstdlib>

#include <sys/resource.h>

#include "support/doctest.hpp"

namespace afd_test {

/// Of allocating, touching and freeing a block.
inline long page_faults(std::size_t bytes) {
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  auto* block = static_cast<volatile char*>(std::malloc(bytes));
  REQUIRE((block != nullptr));
  for (std::size_t i = 0; i < bytes; i += 4096) block[i] = 1;
  std::free(const_cast<char*>(block));
  getrusage(RUSAGE_SELF, &after);
  return after.ru_minflt - before.ru_minflt;
}

}  // namespace afd_test
