// SPDX-License-Identifier: MIT
#pragma once

// Automatic mixed precision for a while. What differs between versions of LibTorch is in this header and nowhere else.

#include <c10/macros/Export.h>
#include <torch/types.h>
#include <torch/version.h>

// <ATen/autocast_mode.h> would bring macros like KERNEL and ADD_NS into every program, and all operators; since 2.4
// what is needed of it is a few functions.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
namespace at::autocast {
TORCH_API bool is_autocast_enabled(at::DeviceType device_type);
TORCH_API void set_autocast_enabled(at::DeviceType device_type, bool enabled);
TORCH_API at::ScalarType get_autocast_dtype(at::DeviceType device_type);
TORCH_API void set_autocast_dtype(at::DeviceType device_type, at::ScalarType dtype);
TORCH_API bool is_autocast_cache_enabled();
TORCH_API void set_autocast_cache_enabled(bool enabled);
}  // namespace at::autocast
#else
#include <ATen/autocast_mode.h>
#endif

namespace afd::detail {

/// While it lives, operators of this thread on `device` compute in `dtype` where LibTorch thinks it safe; then as
/// before. Without LibTorch's cache of converted weights, which would outlive an update of them.
class Autocast {
 public:
  explicit Autocast(torch::DeviceType device, torch::ScalarType dtype = torch::kBFloat16)
      : device_(device),
        was_enabled_(enabled(device)),
        was_dtype_(dtype_on(device)),
        was_cached_(at::autocast::is_autocast_cache_enabled()) {
    set(true, dtype);
    at::autocast::set_autocast_cache_enabled(false);
  }

  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

  ~Autocast() {
    set(was_enabled_, was_dtype_);
    at::autocast::set_autocast_cache_enabled(was_cached_);
  }

 private:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  static bool enabled(torch::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
  static torch::Dtype dtype_on(torch::DeviceType device) { return at::autocast::get_autocast_dtype(device); }
  void set(bool enabled, torch::Dtype dtype) {
    at::autocast::set_autocast_enabled(device_, enabled);
    at::autocast::set_autocast_dtype(device_, dtype);
  }
#else
  static bool enabled(torch::DeviceType device) {
    return device == torch::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
  }
  static torch::Dtype dtype_on(torch::DeviceType device) {
    return device == torch::kCPU ? at::autocast::get_autocast_cpu_dtype() : at::autocast::get_autocast_gpu_dtype();
  }
  void set(bool enabled, torch::Dtype dtype) {
    if (device_ == torch::kCPU) {
      at::autocast::set_cpu_enabled(enabled);
      at::autocast::set_autocast_cpu_dtype(dtype);
    } else {
      at::autocast::set_enabled(enabled);
      at::autocast::set_autocast_gpu_dtype(dtype);
    }
  }
#endif

  torch::DeviceType device_;
  bool was_enabled_;
  torch::Dtype was_dtype_;
  bool was_cached_;
};

}  // namespace afd::detail
