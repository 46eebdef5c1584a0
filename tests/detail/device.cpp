// SPDX-License-Identifier: MIT
#include <afd/detail/device.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"

// On the CPU only: what it does on an accelerator is in tests/pretend, with one that is pretended.

TEST_SUITE_BEGIN("detail");

using afd::detail::same_device;
using torch::Device;

TEST_CASE("the CPU has random numbers; a kind of device without any is no error") {
  REQUIRE(afd::detail::generator_of(torch::kCPU).has_value());
  CHECK(afd::detail::generator_of(torch::kCPU)->device() == Device(torch::kCPU));
  CHECK_FALSE(afd::detail::generator_of(torch::kMeta).has_value());
}

TEST_CASE("devices are compared with their index, and without it where that says nothing") {
  CHECK(same_device(torch::kCPU, torch::kCPU));
  CHECK(same_device(torch::kCPU, Device(torch::kCPU, 0)));
  CHECK_FALSE(same_device(torch::kCPU, torch::kMeta));
  CHECK_FALSE(same_device(Device(torch::kCUDA, 0), Device(torch::kCUDA, 1)));
  CHECK(same_device(Device(torch::kCUDA, 1), Device(torch::kCUDA, 1)));
  CHECK(afd::detail::indexed(Device(torch::kCUDA, 1)) == Device(torch::kCUDA, 1));
  CHECK(afd::detail::indexed(torch::kCPU) == Device(torch::kCPU));
}

TEST_CASE("what is on its device already is sent nowhere, and what is undefined stays so") {
  const torch::Tensor here = torch::ones({2});
  CHECK(afd::detail::sent(here, torch::kCPU).is_same(here));
  CHECK_FALSE(afd::detail::sent(torch::Tensor(), torch::kCPU).defined());
  CHECK(afd::detail::sent(here, torch::kMeta).is_meta());
}

TEST_CASE("on the CPU there is no stream to carry, to work on or to wait for") {
  CHECK_FALSE(afd::detail::has_streams(torch::kCPU));
  CHECK(afd::detail::has_streams(torch::kCUDA));
  using afd::detail::DeviceStream;
  const DeviceStream::Guard guard(DeviceStream::current(torch::kCPU));
  const DeviceStream::Guard beside(DeviceStream::beside(torch::kCPU));
  afd::detail::Parcel parcel(torch::kCPU);
  const afd::detail::Parcel moved = std::move(parcel);
  CHECK_NOTHROW(moved.open());
  CHECK_NOTHROW(moved.keep(torch::ones({1})));
}

TEST_SUITE_END();
