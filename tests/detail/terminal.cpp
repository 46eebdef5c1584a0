// SPDX-License-Identifier: MIT
#include <afd/detail/terminal.hpp>
//
#include <fstream>
#include <iostream>
#include <sstream>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

TEST_CASE("a file or a text is no terminal, and standard output is what the system says of it") {
  CHECK_FALSE(afd::detail::is_terminal(std::ostringstream()));
  CHECK_FALSE(afd::detail::is_terminal(std::ofstream("/dev/null")));
  CHECK(afd::detail::is_terminal(std::cout) == (isatty(1) == 1));
  CHECK(afd::detail::is_terminal(std::cerr) == (isatty(2) == 1));
  // Another buffer behind std::cout: what is written goes somewhere else.
  std::ostringstream elsewhere;
  std::streambuf* own = std::cout.rdbuf(elsewhere.rdbuf());
  const std::ostream copy(elsewhere.rdbuf());
  std::cout.rdbuf(own);
  CHECK_FALSE(afd::detail::is_terminal(copy));
}

TEST_SUITE_END();
