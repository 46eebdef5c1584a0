// SPDX-License-Identifier: MIT
#pragma once

// Where the time of a piece of code goes: seconds inside each of LibTorch's operators, without the operators they call.

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <ATen/record_function.h>

namespace afd_bench {

namespace detail {

using Clock = std::chrono::steady_clock;

/// One call of an operator, while it runs.
struct Call : at::ObserverContext {
  explicit Call(Call* caller) : outer(caller) {}
  Call* outer;
  Clock::time_point start = Clock::now();
  double inside_others = 0;
};

inline thread_local Call* innermost = nullptr;
inline thread_local std::map<std::string, double>* seconds = nullptr;

inline std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& /*function*/) {
  auto call = std::make_unique<Call>(innermost);
  innermost = call.get();
  return call;
}

inline void leave(const at::RecordFunction& function, at::ObserverContext* context) {
  auto* call = static_cast<Call*>(context);
  const double all = std::chrono::duration<double>(Clock::now() - call->start).count();
  (*seconds)[function.name()] += all - call->inside_others;
  innermost = call->outer;
  if (innermost != nullptr) innermost->inside_others += all;
}

}  // namespace detail

/// By operator; what is in none of them, the library's own work included, is "outside operators". Of the calling
/// thread. Not for nested use.
template <class Body>
[[nodiscard]] std::map<std::string, double> operator_seconds(Body&& body) {
  std::map<std::string, double> result;
  detail::seconds = &result;
  const auto handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(detail::enter, detail::leave)
                                     .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  const auto start = detail::Clock::now();
  std::forward<Body>(body)();
  double outside = std::chrono::duration<double>(detail::Clock::now() - start).count();
  at::removeCallback(handle);
  for (const auto& [name, time] : result) outside -= time;
  result["outside operators"] = outside;
  return result;
}

}  // namespace afd_bench
