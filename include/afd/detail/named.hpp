// SPDX-License-Identifier: MIT
#pragma once

// Says where an error came from: "edge 0 -> 1, term feature_l1: <what was wrong>".

#include <utility>

#include <c10/util/Exception.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// body(), with `place`, its parts concatenated, put before the message of what it throws. LibTorch's own errors,
/// mostly of operators that got a shape they cannot use, become ShapeErrors with their message.
template <class Body, class... Place>
decltype(auto) named(Body&& body, const Place&... place) {
  try {
    return std::forward<Body>(body)();
  } catch (const ShapeError& error) {
    throw ShapeError(concat(place..., ": ", error.what()));
  } catch (const DataError& error) {
    throw DataError(concat(place..., ": ", error.what()));
  } catch (const ConfigError& error) {
    throw ConfigError(concat(place..., ": ", error.what()));
  } catch (const VersionError& error) {
    throw VersionError(concat(place..., ": ", error.what()));
  } catch (const FormatError& error) {
    throw FormatError(concat(place..., ": ", error.what()));
  } catch (const FileError& error) {
    throw FileError(concat(place..., ": ", error.what()));
  } catch (const NonFiniteError& error) {
    throw NonFiniteError(concat(place..., ": ", error.what()));
  } catch (const c10::Error& error) {
    throw ShapeError(concat(place..., ": LibTorch says: ", error.what_without_backtrace()));
  }
}

}  // namespace afd::detail
