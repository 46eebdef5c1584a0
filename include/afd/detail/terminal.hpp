// SPDX-License-Identifier: MIT
#pragma once

// Whether somebody looks at a stream while it is written. Torch-free.

#include <iostream>
#include <ostream>

#include <unistd.h>

namespace afd::detail {

/// Of standard output and error; any other stream is none.
[[nodiscard]] inline bool is_terminal(const std::ostream& out) {
  if (out.rdbuf() == std::cout.rdbuf()) return isatty(STDOUT_FILENO) == 1;
  if (out.rdbuf() == std::cerr.rdbuf()) return isatty(STDERR_FILENO) == 1;
  return false;
}

}  // namespace afd::detail
