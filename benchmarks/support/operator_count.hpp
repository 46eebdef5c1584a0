// SPDX-License-Identifier: MIT
#pragma once

// Counts what a piece of code makes LibTorch do on the calling thread: operators dispatched, forward and backward, and
// blocks of memory allocated for tensors.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace afd_bench {

struct Counts {
  std::map<std::string, std::int64_t> operators;  ///< by name
  std::int64_t allocations = 0;
  std::int64_t allocated_bytes = 0;

  [[nodiscard]] std::int64_t operator_total() const {
    std::int64_t total = 0;
    for (const auto& [name, count] : operators) total += count;
    return total;
  }
};

namespace detail {

inline thread_local Counts* current = nullptr;

inline std::unique_ptr<at::ObserverContext> count_operator(const at::RecordFunction& function) {
  if (current != nullptr) ++current->operators[function.name()];
  return nullptr;
}

class AllocationCounter : public c10::MemoryReportingInfoBase {
 public:
  explicit AllocationCounter(Counts& counts) : counts_(counts) {}
  // Both signatures, without `override`: LibTorch 1.13 has the first, 2.x the second.
  void reportMemoryUsage(void*, std::int64_t size, std::int64_t, std::int64_t, c10::Device) { count(size); }
  void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) { count(size); }
  [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }

 private:
  void count(std::int64_t size) {
    if (size <= 0) return;
    ++counts_.allocations;
    counts_.allocated_bytes += size;
  }

  Counts& counts_;
};

}  // namespace detail

/// What body() makes LibTorch do. Not for nested use.
template <class Body>
[[nodiscard]] Counts counted(Body&& body) {
  Counts counts;
  detail::current = &counts;
  const auto handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(detail::count_operator)
                                     .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE,
                                    std::make_shared<detail::AllocationCounter>(counts));
    std::forward<Body>(body)();
  }
  at::removeCallback(handle);
  detail::current = nullptr;
  return counts;
}

}  // namespace afd_bench
