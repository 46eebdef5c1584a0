// SPDX-License-Identifier: MIT
#include <afd/detail/device_error.hpp>
//
#include <new>
#include <stdexcept>
#include <string>

#include <torch/types.h>

#include <afd/detail/named.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

using afd::detail::named;
using afd::detail::named_device_errors;

namespace {

void libtorch_says(const char* message) {
  TORCH_CHECK(false, message);
}

}  // namespace

TEST_CASE("what LibTorch says of memory and of devices is told apart, with its place and its words") {
  for (const char* message :
       {"CUDA out of memory. Tried to allocate 20.00 MiB",
        "[enforce fail at alloc_cpu.cpp:66] DefaultCPUAllocator: can't allocate memory: you tried "
        "to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"}) {
    CHECK_THROWS_WITH_AS(named([&] { libtorch_says(message); }, "network ", 1),
                         doctest::Contains("network 1: memory is full; give smaller batches"), afd::OutOfMemoryError);
    CHECK_THROWS_WITH_AS(named_device_errors([&] { libtorch_says(message); }, "a step"), doctest::Contains(message),
                         afd::OutOfMemoryError);
  }
  for (const char* message : {"CUDA error: device-side assert triggered", "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
                              "HIP error: unknown"}) {
    CHECK_THROWS_WITH_AS(named([&] { libtorch_says(message); }, "network ", 1),
                         doctest::Contains("network 1: the device has failed"), afd::DeviceError);
    CHECK_THROWS_WITH_AS(named_device_errors([&] { libtorch_says(message); }, "a step"), doctest::Contains(message),
                         afd::DeviceError);
  }
}

TEST_CASE("LibTorch's type for memory is known whatever it says, and so is the standard library's") {
  const auto full = [] { TORCH_CHECK_WITH(OutOfMemoryError, false, "no room"); };
  CHECK_THROWS_WITH_AS(named_device_errors(full, "x"), doctest::Contains("no room"), afd::OutOfMemoryError);
  CHECK_THROWS_WITH_AS(named_device_errors([] { throw std::bad_alloc(); }, "a step"),
                       doctest::Contains("a step: the host's memory is full"), afd::OutOfMemoryError);
  CHECK_THROWS_AS(named([] { throw std::bad_alloc(); }, "network ", 0), afd::OutOfMemoryError);
  // The real one: more than there is.
  const auto too_much = [] { static_cast<void>(torch::empty({std::int64_t{1} << 50}, torch::kFloat64)); };
  CHECK_THROWS_AS(named(too_much, "network ", 0), afd::OutOfMemoryError);
}

TEST_CASE("all else passes: shapes as shapes, ours as they are, once they have a name with that") {
  const auto shapes = [] { static_cast<void>(torch::mm(torch::ones({2, 3}), torch::ones({2, 3}))); };
  CHECK_THROWS_AS(named_device_errors(shapes, "a step"), c10::Error);
  CHECK_THROWS_AS(named(shapes, "network ", 0), afd::ShapeError);
  const auto arguments = [] { libtorch_says("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"); };
  CHECK_THROWS_AS(named(arguments, "network ", 0), afd::ShapeError);
  // A TorchScript throws the standard library's, whatever was wrong.
  const auto script = [](const char* said) { return [said] { throw std::runtime_error(said); }; };
  CHECK_THROWS_AS(named(script("RuntimeError: CUDA out of memory"), "network ", 0), afd::OutOfMemoryError);
  CHECK_THROWS_AS(named_device_errors(script("RuntimeError: CUDA error: unknown"), "a step"), afd::DeviceError);
  CHECK_THROWS_WITH_AS(named(script("theirs"), "network ", 0), "network 0: theirs", afd::ForeignError);
  CHECK_THROWS_WITH_AS(named_device_errors([] { throw afd::DataError("bad"); }, "a step"), "bad", afd::DataError);
  CHECK_THROWS_AS(named_device_errors([] { throw std::runtime_error("theirs"); }, "a step"), std::runtime_error);
  CHECK_THROWS_WITH_AS(named([] { throw afd::OutOfMemoryError("full"); }, "edge ", 0), "edge 0: full",
                       afd::OutOfMemoryError);
  CHECK_THROWS_WITH_AS(named([] { throw afd::DeviceError("gone"); }, "edge ", 0), "edge 0: gone", afd::DeviceError);
  int value = 3;
  int& same = named_device_errors([&]() -> int& { return value; }, "x");
  CHECK(&same == &value);
}

TEST_SUITE_END();
