// SPDX-License-Identifier: MIT
#include <afd/study/machine.hpp>
//
#include <string>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("the machine is told by processor, LibTorch and afd") {
  const std::string text = afd::detail::machine_text();
  CHECK(text.find("; LibTorch " TORCH_VERSION "; afd " AFD_VERSION_STRING) != std::string::npos);
  CHECK(text.find(", ") != std::string::npos);
  CHECK(text == afd::detail::machine_text());
}

TEST_SUITE_END();
