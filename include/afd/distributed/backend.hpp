// SPDX-License-Identifier: MIT
#pragma once

// What differs between LibTorch's releases of c10d, and the one transport that every build on Linux has: Gloo, whose
// headers are those of libgloo-dev.

#include <chrono>
#include <string>
#include <vector>

#include <torch/types.h>
#include <torch/version.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace afd {

/// What LibTorch's process groups for Gloo, NCCL and MPI have in common.
#if TORCH_VERSION_MAJOR >= 2
using DistributedBackend = c10d::Backend;
#else
using DistributedBackend = c10d::ProcessGroup;
#endif

namespace detail {

using StorePointer = c10::intrusive_ptr<c10d::Store>;
using BackendPointer = c10::intrusive_ptr<DistributedBackend>;
using WorkPointer = c10::intrusive_ptr<c10d::Work>;

/// Where all processes meet: rank 0 serves, the others connect. Waits for nobody but rank 0.
[[nodiscard]] inline StorePointer connect_store(const std::string& address, std::uint16_t port, bool serves,
                                                std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = serves;
  options.waitWorkers = false;
  options.timeout = timeout;
  // LibTorch 2.4 and later ask for libuv, which not every build has: Debian's has not.
  const auto without_libuv = [](auto& of) {
    if constexpr (requires { of.useLibUV; }) of.useLibUV = false;
  };
  without_libuv(options);
  return c10::make_intrusive<c10d::TCPStore>(address, options);
}

/// `interface`: the name of a network interface; empty: the one that has this machine's address.
[[nodiscard]] inline BackendPointer make_gloo(const StorePointer& store, int rank, int size,
                                              const std::string& interface, std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices.push_back(interface.empty() ? c10d::ProcessGroupGloo::createDefaultDevice()
                                               : c10d::ProcessGroupGloo::createDeviceForInterface(interface));
  options->threads = 2;
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
}

}  // namespace detail
}  // namespace afd
