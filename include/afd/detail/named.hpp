// SPDX-License-Identifier: MIT
#pragma once

// Says where an error came from: "edge 0 -> 1, term feature_l1: <what was wrong>".

#include <exception>
#include <string>
#include <utility>

#include <c10/util/Exception.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Throws the exception that is being handled again: errors of device and memory as DeviceErrors, the user's own as
/// ForeignErrors, if they are std::exceptions. Others pass: they are no errors, perhaps.
[[noreturn]] inline void rethrow_foreign(const std::string& place) {
  try {
    rethrow_device_error(place);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ForeignError(place + ": " + error.what(), std::current_exception());
  }
}

/// Throws the exception that is being handled again, with `place` put before the message of one that is meant for the
/// user. One function for all places, for it is compiled into every program.
[[noreturn]] inline void rethrow_named(const std::string& place) {
  try {
    throw;
  } catch (const ShapeError& error) {
    throw ShapeError(place + ": " + error.what());
  } catch (const DataError& error) {
    throw DataError(place + ": " + error.what());
  } catch (const ConfigError& error) {
    throw ConfigError(place + ": " + error.what());
  } catch (const VersionError& error) {
    throw VersionError(place + ": " + error.what());
  } catch (const FormatError& error) {
    throw FormatError(place + ": " + error.what());
  } catch (const FileError& error) {
    throw FileError(place + ": " + error.what());
  } catch (const NonFiniteError& error) {
    throw NonFiniteError(place + ": " + error.what());
  } catch (const OutOfMemoryError& error) {
    throw OutOfMemoryError(place + ": " + error.what());
  } catch (const DeviceError& error) {
    throw DeviceError(place + ": " + error.what());
  } catch (const PeerError&) {
    throw;  // it says itself where
  } catch (const ForeignError& error) {
    throw ForeignError(place + ": " + error.what(), error.cause());
  } catch (const c10::Error& error) {
    throw_if_of_device(error, place);
    throw ShapeError(place + ": LibTorch says: " + error.what_without_backtrace());
  } catch (...) {
    rethrow_foreign(place);
  }
}

/// body(), with `place`, its parts concatenated, put before the message of what it throws. LibTorch's own errors,
/// mostly of operators that got a shape they cannot use, become ShapeErrors with their message; those of a device or of
/// memory become DeviceErrors, and std::exceptions of the user's code ForeignErrors.
template <class Body, class... Place>
decltype(auto) named(Body&& body, const Place&... place) {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    rethrow_named(concat(place...));
  }
}

}  // namespace afd::detail
