// SPDX-License-Identifier: MIT
#include <afd/detail/named.hpp>
//
#include <exception>
#include <stdexcept>
#include <string>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

using afd::detail::named;

TEST_CASE("what goes well is returned, references included") {
  int value = 3;
  int& same = named([&]() -> int& { return value; }, "network ", 1);
  CHECK(&same == &value);
}

TEST_CASE("errors keep their type and are told where they came from") {
  CHECK_THROWS_WITH_AS(named([] { throw afd::ShapeError("too wide"); }, "edge ", 0, " -> ", 1), "edge 0 -> 1: too wide",
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(named([] { throw afd::DataError("bad"); }, "network ", 2), "network 2: bad", afd::DataError);
  CHECK_THROWS_WITH_AS(named([] { throw afd::ConfigError("bad"); }, "x"), "x: bad", afd::ConfigError);
  CHECK_THROWS_AS(named([] { throw std::string("not ours"); }, "x"), std::string);
}

TEST_CASE("errors of the user's code are told where they came from, and are still there") {
  struct Lost : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  const auto inner = [] { named([] { throw Lost("the camera is gone"); }, "term mine"); };
  try {
    named(inner, "network 1");
    FAIL("nothing was thrown");
  } catch (const afd::ForeignError& error) {
    CHECK(std::string(error.what()) == "network 1: term mine: the camera is gone");
    CHECK_THROWS_AS(std::rethrow_exception(error.cause()), Lost);
  }
}

TEST_CASE("LibTorch's errors become ours, with LibTorch's words and without its stack") {
  const auto mismatch = [] { return torch::mm(torch::ones({2, 3}), torch::ones({2, 3})); };
  CHECK_THROWS_WITH_AS(static_cast<void>(named(mismatch, "network ", 0)),
                       doctest::Contains("network 0: LibTorch says:"), afd::ShapeError);
  try {
    static_cast<void>(named(mismatch, "x"));
  } catch (const afd::Error& error) {
    CHECK(std::string(error.what()).find("frame #") == std::string::npos);
  }
}

TEST_SUITE_END();
