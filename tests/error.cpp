// SPDX-License-Identifier: MIT
#include <afd/error.hpp>
//
#include <string>
#include <type_traits>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("afd");

namespace {

template <class E>
std::string caught_as_error(const char* message) {
  try {
    throw E(message);
  } catch (const afd::Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("every error can be caught as afd::Error, with its message") {
  CHECK(caught_as_error<afd::ConfigError>("config") == "config");
  CHECK(caught_as_error<afd::DataError>("data") == "data");
  CHECK(caught_as_error<afd::ShapeError>("shape") == "shape");
  CHECK(caught_as_error<afd::NonFiniteError>("nan") == "nan");
  CHECK(caught_as_error<afd::DeviceError>("device") == "device");
  CHECK(caught_as_error<afd::OutOfMemoryError>("memory") == "memory");
  CHECK(caught_as_error<afd::FileError>("file") == "file");
  CHECK(caught_as_error<afd::FormatError>("format") == "format");
}

TEST_CASE("a damaged file is a file error; other kinds stay apart") {
  static_assert(std::is_base_of_v<afd::FileError, afd::FormatError>);
  static_assert(std::is_base_of_v<afd::DeviceError, afd::OutOfMemoryError>);
  static_assert(!std::is_base_of_v<afd::DataError, afd::ShapeError>);
  static_assert(!std::is_base_of_v<afd::ConfigError, afd::DataError>);
  static_assert(std::is_base_of_v<std::runtime_error, afd::Error>);
  CHECK_THROWS_AS(throw afd::FormatError("x"), afd::FileError);
}

TEST_SUITE_END();
