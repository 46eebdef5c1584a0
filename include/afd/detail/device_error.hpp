// SPDX-License-Identifier: MIT
#pragma once

// What LibTorch and the standard library throw when memory is full or a device has failed, told apart from operators
// that got what they cannot use.

#include <array>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <c10/util/Exception.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Whether a message of LibTorch's has one of these words.
template <std::size_t N>
[[nodiscard]] bool says_one_of(std::string_view message, const std::array<std::string_view, N>& words) {
  for (const std::string_view word : words)
    if (message.find(word) != std::string_view::npos) return true;
  return false;
}

[[noreturn]] inline void throw_memory_is_full(std::string_view said, const std::string& place) {
  throw OutOfMemoryError(
      concat(place, ": memory is full; give smaller batches, or smaller or fewer networks. ", "LibTorch says: ", said));
}

/// Throws OutOfMemoryError or DeviceError if a message of LibTorch's says so. Known by words: a type of its own has the
/// first only, and the second not before LibTorch 2.9; that of the host's memory has none in any version, and neither
/// has what a TorchScript throws. What cuDNN and cuBLAS say of arguments is about shapes and dtypes.
inline void throw_if_of_device(std::string_view said, const std::string& place) {
  constexpr std::array<std::string_view, 5> memory{"out of memory", "can't allocate memory", "not enough memory",
                                                   "ALLOC_FAILED", "insufficient resources"};
  constexpr std::array<std::string_view, 4> arguments{"STATUS_NOT_SUPPORTED", "STATUS_BAD_PARAM",
                                                      "STATUS_INVALID_VALUE", "STATUS_ARCH_MISMATCH"};
  constexpr std::array<std::string_view, 9> device{"CUDA error",      "CUDA driver error", "CUDNN_STATUS",
                                                   "cuDNN error",     "CUBLAS_STATUS",     "cuBLAS error",
                                                   "CUSOLVER_STATUS", "HIP error",         "NCCL error"};
  if (says_one_of(said, memory)) throw_memory_is_full(said, place);
  if (says_one_of(said, device) && !says_one_of(said, arguments)) {
    throw DeviceError(concat(place,
                             ": the device has failed, and will fail again in this process; a new one can go on ",
                             "from the last checkpoint. LibTorch says: ", said));
  }
}

inline void throw_if_of_device(const c10::Error& error, const std::string& place) {
  const std::string said = error.what_without_backtrace();
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) throw_memory_is_full(said, place);
  throw_if_of_device(std::string_view(said), place);
}

/// Throws OutOfMemoryError for the host's.
[[noreturn]] inline void throw_of_memory(const std::bad_alloc& error, const std::string& place) {
  throw OutOfMemoryError(
      concat(place, ": the host's memory is full (", error.what(), "); give smaller batches, or smaller networks"));
}

/// Throws the exception that is being handled again: errors of device and memory as DeviceErrors that begin with
/// `place`.
[[noreturn]] inline void rethrow_device_error(const std::string& place) {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    throw_if_of_device(error, place);
    throw;
  } catch (const std::bad_alloc& error) {
    throw_of_memory(error, place);
  } catch (const std::runtime_error& error) {
    throw_if_of_device(std::string_view(error.what()), place);
    throw;
  }
}

/// body(); errors of device and memory become DeviceErrors that begin with `place`, its parts concatenated. Others
/// pass.
template <class Body, class... Place>
decltype(auto) named_device_errors(Body&& body, const Place&... place) {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    rethrow_device_error(concat(place...));
  }
}

}  // namespace afd::detail
