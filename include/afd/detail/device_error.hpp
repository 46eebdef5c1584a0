// SPDX-License-Identifier: MIT
#pragma once

// What LibTorch and the standard library throw when memory is full or a device has failed, told apart from operators
// that got what they cannot use.

#include <array>
#include <exception>
#include <new>
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

/// Throws OutOfMemoryError or DeviceError if that is what `error` is. Known by words: a type of its own has the first
/// only, and the second not before LibTorch 2.9; that of the host's memory has none in any version.
inline void throw_if_of_device(const c10::Error& error, const std::string& place) {
  constexpr std::array<std::string_view, 4> memory{"out of memory", "can't allocate memory", "not enough memory",
                                                   "ALLOC_FAILED"};
  constexpr std::array<std::string_view, 9> device{"CUDA error",      "CUDA driver error", "CUDNN_STATUS",
                                                   "cuDNN error",     "CUBLAS_STATUS",     "cuBLAS error",
                                                   "CUSOLVER_STATUS", "HIP error",         "NCCL error"};
  const std::string said = error.what_without_backtrace();
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr || says_one_of(said, memory)) {
    throw OutOfMemoryError(concat(place, ": memory is full; give smaller batches, or smaller or fewer networks. ",
                                  "LibTorch says: ", said));
  }
  if (says_one_of(said, device)) {
    throw DeviceError(concat(place,
                             ": the device has failed, mostly for as long as the process lives; a new one can go ",
                             "on from the last checkpoint. LibTorch says: ", said));
  }
}

/// Throws OutOfMemoryError for the host's.
[[noreturn]] inline void throw_of_memory(const std::bad_alloc& error, const std::string& place) {
  throw OutOfMemoryError(
      concat(place, ": the host's memory is full (", error.what(), "); give smaller batches, or smaller networks"));
}

/// body(); errors of device and memory become DeviceErrors that begin with `place`, its parts concatenated. Others
/// pass.
template <class Body, class... Place>
decltype(auto) named_device_errors(Body&& body, const Place&... place) {
  try {
    return std::forward<Body>(body)();
  } catch (const c10::Error& error) {
    throw_if_of_device(error, concat(place...));
    throw;
  } catch (const std::bad_alloc& error) {
    throw_of_memory(error, concat(place...));
  }
}

}  // namespace afd::detail
