// SPDX-License-Identifier: MIT
#pragma once

// Counts what a piece of code makes LibTorch do on the calling thread: operators dispatched, forward and backward, and
// blocks of memory allocated for tensors.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/version.h>

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
  using Total = std::conditional_t<TORCH_VERSION_MAJOR >= 2, std::size_t, std::int64_t>;
  void reportMemoryUsage(void*, std::int64_t size, Total, Total, c10::Device) override { count(size); }
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
