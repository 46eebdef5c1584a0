// SPDX-License-Identifier: MIT
#pragma once

// On which threads the networks of a step run: one after the other, or at the same time.

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>
#include <torch/types.h>

#include <afd/compute/blas_threads.hpp>
#include <afd/compute/thread_plan.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>

namespace afd {

/// One network after the other, each on all of LibTorch's threads.
struct Sequential {};

/// Networks at the same time: each one's forward, losses, backward and updates on a thread of its own; they join where
/// edges compare networks. The cores are divided by the networks' multiply-adds: several for a costly network, networks
/// that take turns where cores are few, or all cores for one network after the other where the others would only wait
/// for a costly one. The same bits as Sequential with as many LibTorch threads per network, unless networks
/// draw random numbers (dropout), whose order is then that of the threads. Networks must not share anything that their
/// forward writes to. OpenMP's threads wait for work by spinning, which takes cores from the networks: call
/// torch::set_num_threads(1) in main(), or set OMP_WAIT_POLICY=passive. While networks run, an OpenBLAS with threads of
/// its own has as many as the network that has most, in all of the process.
struct PeerThreads {
  int threads = 0;  ///< for all networks together; 0: as many as the machine has
};

namespace detail {

/// Runs body(Index<k>) for every network k. `costs` are the networks' relative work, `device` is where they are: on an
/// accelerator they work on the stream of whoever calls. `Thread` is std::thread, or fails like one in a test.
template <std::size_t K, class Execution, class Thread = std::thread>
class NetworkRunner;

template <std::size_t K, class Thread>
class NetworkRunner<K, Sequential, Thread> {
 public:
  static constexpr bool needs_costs = false;

  NetworkRunner(const Sequential& /*execution*/, const std::array<double, K>& /*costs*/,
                torch::Device /*device*/ = torch::kCPU) {}

  template <class Body>
  void run(Body&& body) {
    for_each_index<K>(body);
  }
};

template <std::size_t K, class Thread>
class NetworkRunner<K, PeerThreads, Thread> {
 public:
  static constexpr bool needs_costs = true;

  /// Throws ConfigError if the system has not so many threads.
  NetworkRunner(const PeerThreads& execution, const std::array<double, K>& costs, torch::Device device = torch::kCPU)
      : device_(device) {
    const int cores =
        execution.threads > 0 ? execution.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    plan_ = plan_threads(cores, costs);
    const int all = at::get_num_threads();
    running_ = plan_.workers;
    try {
      start_workers();
    } catch (...) {
      stop();
      at::set_num_threads(all);
      throw;
    }
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return running_ == 0; });
    // The number is a thread's own, but LibTorch also notes the last one for threads to come.
    at::set_num_threads(all);
  }

  NetworkRunner(const NetworkRunner&) = delete;
  NetworkRunner& operator=(const NetworkRunner&) = delete;

  ~NetworkRunner() { stop(); }

  /// Waits for all; if several throw, the first network's exception is passed on.
  template <class Body>
  void run(Body&& body) {
    const at::ThreadLocalState state;                    // grad mode and the like, as here
    const auto stream = DeviceStream::current(device_);  // which is not among those
    const BlasThreads as_planned(*std::max_element(plan_.threads.begin(), plan_.threads.end()));
    errors_.fill(nullptr);
    for_each_index<K>([&](auto k) {
      tasks_[k] = [&body, &state, &stream] {
        const at::ThreadLocalStateGuard guard(state);
        const DeviceStream::Guard on(stream);
        body(decltype(k){});
      };
    });
    {
      const std::lock_guard lock(mutex_);
      running_ = workers_.size();
      next_ = 0;
      ++round_;
    }
    start_.notify_all();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return running_ == 0; });
    for (const std::exception_ptr& error : errors_)
      if (error) std::rethrow_exception(error);
  }

 private:
  void start_workers() {
    workers_.reserve(plan_.workers);
    try {
      while (workers_.size() < plan_.workers) workers_.emplace_back([this, w = workers_.size()] { work(w); });
    } catch (const std::system_error& error) {
      throw ConfigError(concat("PeerThreads needs ", plan_.workers, " threads of its own, but thread ",
                               workers_.size() + 1, " cannot be started: ", error.what(), "; ask for fewer with ",
                               "PeerThreads{.threads = ", std::max<std::size_t>(1, workers_.size()), "}, train with ",
                               "afd::Sequential, or raise the limit of processes or of memory (ulimit -u, ulimit -v)"));
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ++round_;
    }
    start_.notify_all();
    for (Thread& worker : workers_) worker.join();
  }

  void work(std::size_t worker) {
    {
      // A thread's first use takes the number that LibTorch noted last, from whichever thread: one at a time.
      const std::lock_guard lock(mutex_);
      at::set_num_threads(plan_.threads[worker]);
      static_cast<void>(at::get_num_threads());
    }
    std::uint64_t seen = 0;
    finish();
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        start_.wait(lock, [&] { return round_ != seen; });
        seen = round_;
        if (stopping_) return;
      }
      if (plan_.has_a_worker_each()) {
        call(worker);  // always the same network: its memory stays in this core's caches
      } else {
        for (std::size_t i = next_++; i < K; i = next_++) call(plan_.order[i]);
      }
      finish();
    }
  }

  void call(std::size_t k) {
    try {
      tasks_[k]();
    } catch (...) {
      errors_[k] = std::current_exception();
    }
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) done_.notify_one();
  }

  torch::Device device_;
  ThreadPlan<K> plan_;
  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  std::uint64_t round_ = 0;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::atomic<std::size_t> next_{0};
  std::array<std::function<void()>, K> tasks_;
  std::array<std::exception_ptr, K> errors_;
  std::vector<Thread> workers_;
};

template <class Execution>
consteval bool require_execution() {
  constexpr bool known = std::is_same_v<Execution, Sequential> || std::is_same_v<Execution, PeerThreads>;
  static_assert(known, "afd: the execution of a distiller is afd::Sequential or afd::PeerThreads");
  return known;
}

}  // namespace detail
}  // namespace afd
