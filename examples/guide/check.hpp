// SPDX-License-Identifier: MIT
#pragma once

// Shared by the programs behind docs/guide.md: each says what it shows, and fails if that is not so.

#include <cmath>
#include <iostream>

inline int failures = 0;  // what main() returns

inline void check(bool holds, const char* what) {
  std::cout << (holds ? "ok: " : "FAILED: ") << what << '\n';
  if (!holds) ++failures;
}

inline bool is_near(double value, double expected) {
  return std::abs(value - expected) <= 1e-4 * (1 + std::abs(expected));
}
