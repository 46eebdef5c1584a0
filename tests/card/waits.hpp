// SPDX-License-Identifier: MIT
#pragma once

// How often the host waits for the card, as LibTorch itself tells: it can warn, or throw, wherever an operator makes
// the host wait.

#include <cstdint>
#include <string>

#include <c10/util/Exception.h>
#include <torch/version.h>

// LibTorch without CUDA has no such header, and no card to wait for.
#ifdef AFD_TEST_CUDA
#include <c10/cuda/CUDAFunctions.h>
#endif

namespace card {

#ifdef AFD_TEST_CUDA
constexpr bool counts_waits = true;

class WaitMode {
 public:
  explicit WaitMode(bool throws) {
    using c10::cuda::SyncDebugMode;
    c10::cuda::warning_state().set_sync_debug_mode(throws ? SyncDebugMode::L_ERROR : SyncDebugMode::L_WARN);
  }
  WaitMode(const WaitMode&) = delete;
  WaitMode& operator=(const WaitMode&) = delete;
  ~WaitMode() { c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_DISABLED); }
};
#else
constexpr bool counts_waits = false;

struct WaitMode {
  explicit WaitMode(bool /*throws*/) {}
};
#endif

class WaitCounter : public c10::WarningHandler {
 public:
#if TORCH_VERSION_MAJOR < 2
  void process(const c10::SourceLocation& /*where*/, const std::string& message, bool /*verbatim*/) override {
    note(message);
  }
  using Guard = c10::Warning::WarningHandlerGuard;
#else
  void process(const c10::Warning& warning) override { note(warning.msg()); }
  using Guard = c10::WarningUtils::WarningHandlerGuard;
#endif
  std::int64_t count = 0;

 private:
  void note(const std::string& message) {
    if (message.find("synchronizing") != std::string::npos) ++count;
  }
};

/// How often the thread that runs body() waits in it, its backwards included.
template <class Body>
std::int64_t waits(const Body& body) {
  WaitCounter counter;
  const WaitCounter::Guard handler(&counter);
  const WaitMode mode(/*throws=*/false);
  body();
  return counter.count;
}

/// Runs body(); whatever waits in it, on any thread, throws.
template <class Body>
void without_waits(const Body& body) {
  const WaitMode mode(/*throws=*/true);
  body();
}

}  // namespace card
