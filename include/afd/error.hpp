// SPDX-License-Identifier: MIT
#pragma once

// What afd throws. Every message names what is wrong, where, and what to do about it. Torch-free.

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace afd {

/// Root of everything this library throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An option, or a combination of options, that cannot work (epochs = 0, temperature = -1).
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A batch that cannot be trained on: empty, mismatched sizes, wrong dtype, labels out of range.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Networks, or the two ends of an edge, whose outputs do not fit together.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A loss became infinite or NaN. Thrown before any weight changes.
class NonFiniteError : public Error {
 public:
  using Error::Error;
};

/// The device could not do what it was asked for, though nothing was wrong with that: it has failed, and fails for the
/// rest of the process. What is thrown of memory that is full is an OutOfMemoryError.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// Memory was full, an accelerator's or the host's. The process can go on, with less.
class OutOfMemoryError : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// Another process of those that train together is gone, does not answer, or has failed. Nothing can be exchanged any
/// more: all must be started again, and go on from the last checkpoint.
class PeerError : public Error {
 public:
  using Error::Error;
};

/// What a network, a term or an optimizer of the user's threw inside a step: its message, with the place before it.
class ForeignError : public Error {
 public:
  ForeignError(const std::string& message, std::exception_ptr cause) : Error(message), cause_(std::move(cause)) {}

  /// The exception itself, for std::rethrow_exception.
  [[nodiscard]] const std::exception_ptr& cause() const { return cause_; }

 private:
  std::exception_ptr cause_;
};

/// A file or folder that cannot be opened, read or written.
class FileError : public Error {
 public:
  using Error::Error;
};

/// A file that was read but does not hold what its format promises: damaged, truncated, wrong kind.
class FormatError : public FileError {
 public:
  using FileError::FileError;
};

/// A whole file of a newer format than this library knows.
class VersionError : public FormatError {
 public:
  using FormatError::FormatError;
};

}  // namespace afd
