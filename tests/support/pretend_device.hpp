// SPDX-License-Identifier: MIT
#pragma once

// A pretend accelerator: a second kind of device to LibTorch (its PrivateUse1), whose memory is the host's and whose
// operators are the CPU's. Nothing is faster on it. But what a program asks of a device is counted: copies to it and
// from it, values that the host waits for, lists of tensors that would fall back to one kernel for each; it has
// streams and events, notes which operator ran on which, and which would have read what another had not finished. So
// what must hold on an accelerator can be tested where there is none. Its results are those of the CPU to the bit.

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include <c10/core/Stream.h>
#include <torch/types.h>

namespace pretend {

/// One of two.
[[nodiscard]] torch::Device device(int index = 0);

struct Counts {
  std::map<std::string, std::int64_t> operators;  ///< by name
  std::map<std::int64_t, std::int64_t> streams;   ///< operators, by the stream they ran on; 0 is the default one
  std::map<std::string, std::int64_t> waits;      ///< where the host waits: reads of values, copies that block
  std::int64_t copies_in = 0;                     ///< from the host
  std::int64_t bytes_in = 0;
  std::int64_t copies_out = 0;     ///< to the host
  std::int64_t host_operands = 0;  ///< tensors of the host, other than numbers in the code, that an operator took
  std::int64_t slow_lists = 0;     ///< lists of tensors whose strides or dtypes differ: a kernel for each tensor
  std::int64_t hazards = 0;        ///< uses of memory that another stream may still write, or has still to read
  std::int64_t stream_waits = 0;   ///< of one stream for another
  std::int64_t pinned = 0;         ///< tensors copied to pinned memory

  [[nodiscard]] std::int64_t wait_total() const;
  [[nodiscard]] std::int64_t operator_total() const;
};

/// What the devices did, on whatever thread, while body() ran.
[[nodiscard]] Counts counted(const std::function<void()>& body);

/// What goes wrong with the device.
enum class Fault {
  none,
  out_of_memory,  ///< once
  broken          ///< from then on every operator fails, as after a kernel that read foreign memory
};

/// While it lives, the device goes wrong at operator `after` from now, 0 being the next one; only operators of that
/// name count, if one is given.
class Failing {
 public:
  Failing(Fault fault, std::int64_t after, std::string name = "");
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;
  ~Failing();
};

/// Another stream than the default one.
[[nodiscard]] c10::Stream side_stream(int index = 0);

}  // namespace pretend
