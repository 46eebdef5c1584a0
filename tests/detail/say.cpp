// SPDX-License-Identifier: MIT
#include <afd/detail/say.hpp>
//
#include <stdexcept>
#include <string>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

TEST_CASE("who listens is told; nobody must listen, and what a listener throws is lost") {
  std::string heard;
  afd::detail::tell([&](const std::string& text) { heard = text; }, "a sentence");
  CHECK(heard == "a sentence");
  CHECK_NOTHROW(afd::detail::tell(afd::Say(), "unheard"));
  CHECK_NOTHROW(afd::detail::tell([](const std::string&) { throw std::runtime_error("deaf"); }, "lost"));
}

TEST_SUITE_END();
