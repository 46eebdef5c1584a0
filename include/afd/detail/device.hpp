// SPDX-License-Identifier: MIT
#pragma once

// What is particular to accelerators: their random numbers, memory that they can be copied to from without a wait, and
// their streams. Through LibTorch's interfaces for any kind of device, so that nothing here needs CUDA's headers. All
// that the library assumes of such devices is in this header; on the CPU none of it does anything.

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/Context.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <torch/types.h>

#include <afd/detail/libtorch.hpp>

namespace afd::detail {

/// The random numbers that LibTorch draws from on a device; nothing for a kind of device that has none of its own.
[[nodiscard]] inline std::optional<torch::Generator> generator_of(torch::Device device) {
  at::Context& context = at::globalContext();
  if (device.is_cpu() || device.is_cuda()) return context.defaultGenerator(device);
  try {
    return context.defaultGenerator(device);
  } catch (const c10::Error&) {
    return std::nullopt;
  }
}

/// With its index: "cuda" is the current device of this thread, and may be another one in another thread.
[[nodiscard]] inline torch::Device indexed(torch::Device device) {
  if (device.has_index() || device.is_cpu()) return device;
  return c10::impl::VirtualGuardImpl(device.type()).getDevice();
}

/// Whether two are one device.
[[nodiscard]] inline bool same_device(torch::Device a, torch::Device b) {
  return a.type() == b.type() && (a.is_cpu() || indexed(a).index() == indexed(b).index());
}

/// Whether a device works through streams, so that copies can be made beside its operators.
[[nodiscard]] inline bool has_streams(torch::Device device) {
  const auto type = device.type();
  return type == torch::kCUDA || type == torch::kHIP || type == torch::kXPU || type == c10::DeviceType::PrivateUse1;
}

/// The same values on `device`. From the host through page-locked memory, so that nobody waits: the device reads it
/// when it comes to it, and LibTorch keeps it until then.
[[nodiscard]] inline torch::Tensor sent(const torch::Tensor& tensor, torch::Device device) {
  if (!tensor.defined() || same_device(tensor.device(), device)) return tensor;
  // What is pinned already may be filled again by its owner as soon as we return.
  if (!tensor.device().is_cpu() || !has_streams(device) || tensor.is_pinned()) return tensor.to(device);
  // Memory that is seen at several places at once cannot be pinned.
  const torch::Tensor dense = tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous();
  try {
    return pinned(dense, device).to(device, /*non_blocking=*/true);
  } catch (const c10::NotImplementedError&) {  // a kind of device without such memory
    return tensor.to(device);
  }
}

/// A stream of a device, for threads to work on: each has a current one of its own. Nothing for devices without
/// streams.
class DeviceStream {
 public:
  /// The one that this thread uses now, for others that work for it.
  [[nodiscard]] static DeviceStream current(torch::Device device) {
    DeviceStream stream(device);
    if (has_streams(device)) stream.stream_ = c10::impl::VirtualGuardImpl(device.type()).getStream(device);
    return stream;
  }

  /// One beside it; what is made there is handed over with a Parcel. Keep it: LibTorch keeps memory that was freed for
  /// each stream.
  [[nodiscard]] static DeviceStream beside(torch::Device device) {
    DeviceStream stream(device);
    if (has_streams(device)) {
      stream.stream_ = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device);
    }
    return stream;
  }

  [[nodiscard]] torch::Device device() const { return device_; }

  /// The thread that holds it works on the stream, and on its device, while it lives.
  class Guard {
   public:
    explicit Guard(const DeviceStream& stream) {
      if (stream.stream_) guard_.emplace(*stream.stream_);
    }

   private:
    std::optional<c10::StreamGuard> guard_;
  };

 private:
  explicit DeviceStream(torch::Device device) : device_(device) {}

  torch::Device device_;
  std::optional<c10::Stream> stream_;
};

/// Says when the current stream of a device has made something. Whoever takes it waits for that on a stream of his own,
/// and the host waits for neither.
class Parcel {
 public:
  Parcel() = default;

  /// Sealed by the thread that made it, after the last operator.
  explicit Parcel(torch::Device device) {
    if (!has_streams(device)) return;
    const c10::impl::VirtualGuardImpl streams(device.type());
    device_ = device;
    event_ = std::make_unique<c10::Event>(device.type());
    event_->record(streams.getStream(device));
  }

  /// Lets the current stream of this thread wait.
  void open() const {
    if (event_) event_->block(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
  }

  /// This thread's current stream uses the tensor's memory, which is not to be given away before it has done.
  void keep(const torch::Tensor& tensor) const {
    if (!event_ || !tensor.defined() || tensor.device().type() != device_.type()) return;
    const c10::impl::VirtualGuardImpl streams(device_.type());
    streams.recordDataPtrOnStream(tensor.storage().data_ptr(), streams.getStream(device_));
  }

 private:
  torch::Device device_ = torch::kCPU;
  std::unique_ptr<c10::Event> event_;  // no optional: g++ takes the inside of an empty one for used
};

}  // namespace afd::detail
