// SPDX-License-Identifier: MIT
#pragma once

// How many threads OpenBLAS computes with, where it has threads of its own. LibTorch leaves some 1x1 convolutions and
// other products of matrices to it and does not tell it how many. All that call it then share one team, one at a time,
// which waits by spinning: networks that run at the same time would be slower than one after the other. Torch-free.

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <type_traits>

#if __has_include(<dlfcn.h>)
#include <dlfcn.h>
#endif

namespace afd::detail {

/// What OpenBLAS lets others set, null where none is loaded or its threads are OpenMP's, which are set per thread.
struct OpenBlas {
  int (*threads)() = nullptr;
  void (*set_threads)(int) = nullptr;

  [[nodiscard]] bool is_there() const { return threads != nullptr && set_threads != nullptr; }

  [[nodiscard]] static OpenBlas find() {
    OpenBlas found;
#if __has_include(<dlfcn.h>)
    const auto look_up = [](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(RTLD_DEFAULT, name));
    };
    constexpr int own_threads = 1;  // of none, its own, OpenMP's
    int (*kind)() = nullptr;
    look_up(kind, "openblas_get_parallel");
    if (kind == nullptr || kind() != own_threads) return found;
    look_up(found.threads, "openblas_get_num_threads");
    look_up(found.set_threads, "openblas_set_num_threads");
#endif
    return found;
  }
};

/// As long as one of these lives OpenBLAS computes with no more threads than the first of them said, in all of the
/// process; afterwards with as many as before.
class BlasThreads {
 public:
  explicit BlasThreads(int threads) {
    Shared& shared = all();
    const std::lock_guard lock(shared.mutex);
    if (!shared.blas.is_there() || shared.users++ > 0) return;
    shared.before = shared.blas.threads();
    shared.blas.set_threads(std::min(threads, shared.before));
  }

  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

  ~BlasThreads() {
    Shared& shared = all();
    const std::lock_guard lock(shared.mutex);
    if (shared.blas.is_there() && --shared.users == 0) shared.blas.set_threads(shared.before);
  }

 private:
  struct Shared {
    std::mutex mutex;
    OpenBlas blas = OpenBlas::find();
    std::size_t users = 0;
    int before = 0;
  };

  static Shared& all() {
    static Shared shared;
    return shared;
  }
};

}  // namespace afd::detail
