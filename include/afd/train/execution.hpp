// SPDX-License-Identifier: MIT
#pragma once

// On which threads the networks of a step run: one after the other, or each on a thread of its own.

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <type_traits>

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

#include <afd/detail/for_each_index.hpp>

namespace afd {

/// One network after the other, each on all of LibTorch's threads.
struct Sequential {};

/// Each network's forward, backward and updates on a thread of its own; they join where edges compare networks. Pays
/// where a single network cannot keep all cores busy. The same bits as Sequential with as many threads per network,
/// unless networks draw random numbers (dropout), whose order is then that of the threads. Networks must not share
/// anything that their forward writes to. OpenMP's threads wait for work by spinning, which takes cores from the
/// networks: call torch::set_num_threads(1) in main(), or set OMP_WAIT_POLICY=passive.
struct PeerThreads {
  int threads_per_network = 0;  ///< 0: LibTorch's threads divided by the networks, at least 1
};

namespace detail {

/// Runs body(Index<k>) for every network k.
template <std::size_t K, class Execution>
class NetworkRunner;

template <std::size_t K>
class NetworkRunner<K, Sequential> {
 public:
  explicit NetworkRunner(const Sequential& /*execution*/) {}

  template <class Body>
  void run(Body&& body) {
    for_each_index<K>(body);
  }
};

template <std::size_t K>
class NetworkRunner<K, PeerThreads> {
 public:
  explicit NetworkRunner(const PeerThreads& execution) {
    const int all = at::get_num_threads();
    const int each =
        execution.threads_per_network > 0 ? execution.threads_per_network : std::max(1, all / static_cast<int>(K));
    for (std::size_t k = 0; k < K; ++k) workers_[k] = std::thread([this, k, each] { work(k, each); });
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return running_ == 0; });
    // The number is a thread's own, but LibTorch also notes the last one for threads to come.
    at::set_num_threads(all);
  }

  NetworkRunner(const NetworkRunner&) = delete;
  NetworkRunner& operator=(const NetworkRunner&) = delete;

  ~NetworkRunner() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ++round_;
    }
    start_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  /// Waits for all; if several throw, the first network's exception is passed on.
  template <class Body>
  void run(Body&& body) {
    const at::ThreadLocalState state;  // grad mode and the like, as here
    errors_.fill(nullptr);
    for_each_index<K>([&](auto k) {
      tasks_[k] = [&body, &state] {
        const at::ThreadLocalStateGuard guard(state);
        body(decltype(k){});
      };
    });
    {
      const std::lock_guard lock(mutex_);
      running_ = K;
      ++round_;
    }
    start_.notify_all();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return running_ == 0; });
    for (const std::exception_ptr& error : errors_)
      if (error) std::rethrow_exception(error);
  }

 private:
  void work(std::size_t k, int threads) {
    at::set_num_threads(threads);
    static_cast<void>(at::get_num_threads());  // first use would otherwise take the number noted later
    std::uint64_t seen = 0;
    finish();
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        start_.wait(lock, [&] { return round_ != seen; });
        seen = round_;
        if (stopping_) return;
      }
      try {
        tasks_[k]();
      } catch (...) {
        errors_[k] = std::current_exception();
      }
      finish();
    }
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) done_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  std::uint64_t round_ = 0;
  std::size_t running_ = K;  // all are starting up
  bool stopping_ = false;
  std::array<std::function<void()>, K> tasks_;
  std::array<std::exception_ptr, K> errors_;
  std::array<std::thread, K> workers_;  // last, so that they find everything else made
};

template <class Execution>
consteval bool require_execution() {
  constexpr bool known = std::is_same_v<Execution, Sequential> || std::is_same_v<Execution, PeerThreads>;
  static_assert(known, "afd: the execution of a distiller is afd::Sequential or afd::PeerThreads");
  return known;
}

}  // namespace detail
}  // namespace afd
