// SPDX-License-Identifier: MIT
#pragma once

// Makes the next batches while the last one is trained on.

#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>
#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/shard.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/error.hpp>

namespace afd {

struct PrefetchOptions {
  std::int64_t batches = 2;  ///< made ahead, at most
  /// Where the batches go, beside what is computed there; not given, where the source makes them, if it says so with
  /// device(), as a BatchLoader does.
  std::optional<torch::Device> device = std::nullopt;
};

namespace detail {

/// One walk through a source of batches like B on a thread of its own. On an accelerator on a stream of its own, too:
/// what is made there is waited for by the stream of whoever takes it, and by no host.
template <class B>
class PrefetchWalk {
 public:
  template <class Source>
  PrefetchWalk(Source& source, std::int64_t ahead, const DeviceStream& side)
      : ahead_(static_cast<std::size_t>(ahead)), side_(side), device_(side.device()), begin_(device_) {
    const int all = at::get_num_threads();
    thread_ = std::thread([this, &source, state = at::ThreadLocalState()] {
      // One thread is enough for copies, and takes no core from the training.
      at::set_num_threads(1);
      static_cast<void>(at::get_num_threads());
      const at::ThreadLocalStateGuard guard(state);  // grad mode and the like, as in the thread that trains
      started();
      produce(source);
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_; });
    at::set_num_threads(all);  // LibTorch notes the last number for threads to come
  }

  PrefetchWalk(const PrefetchWalk&) = delete;
  PrefetchWalk& operator=(const PrefetchWalk&) = delete;
  ~PrefetchWalk() { stop(); }

  /// The next batch; nothing at the end, or once it was stopped. Throws what the source threw, in its place.
  std::optional<B> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !queue_.empty() || finished_ || stopping_; });
    if (stopping_) return std::nullopt;
    if (!queue_.empty()) {
      Made made = std::move(queue_.front());
      queue_.pop_front();
      changed_.notify_all();
      made.ready.open();
      const auto keep = [&](const torch::Tensor& tensor) { made.ready.keep(tensor); };
      for_each_tensor(made.batch.inputs, keep);
      for_each_tensor(made.batch.targets, keep);
      return std::move(made.batch);
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return std::nullopt;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Made {
    B batch;
    Parcel ready;
  };

  void started() {
    const std::lock_guard lock(mutex_);
    started_ = true;
    changed_.notify_all();
  }

  template <class Source>
  void produce(Source& source) {
    try {
      const DeviceStream::Guard beside(side_);
      begin_.open();  // a data set that was put on the device just now is there first
      named_device_errors([&] { make_all(source); }, "a batch made ahead");
    } catch (...) {
      const std::lock_guard lock(mutex_);
      error_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }

  template <class Source>
  void make_all(Source& source) {
    for (auto&& item : source) {
      B batch = as_batch(item);
      if (!device_.is_cpu()) {
        const auto send = [&](torch::Tensor& tensor) { tensor = sent(tensor, device_); };
        for_each_tensor(batch.inputs, send);
        for_each_tensor(batch.targets, send);
      }
      Parcel ready(device_);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return queue_.size() < ahead_ || stopping_; });
      if (stopping_) return;
      queue_.push_back({std::move(batch), std::move(ready)});
      changed_.notify_all();
    }
  }

  std::size_t ahead_;
  DeviceStream side_;
  torch::Device device_;
  Parcel begin_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Made> queue_;
  std::exception_ptr error_;
  bool started_ = false;
  bool finished_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace detail

/// A BatchSource that makes another's batches ahead, on one thread of its own: the same batches in the same order.
///
///     afd::Prefetch train{afd::BatchLoader{dataset, {.batch_size = 128}, afd::Compose{...}}};
///
/// To an accelerator batches are copied on a stream beside the training's, from memory that the device can read by
/// itself; the training waits on the device, for the batch that it needs, and not on the host.
///
/// Holds the source. Each begin() starts a walk, as one of the source itself does; a walk that is left early,
/// start_epoch() and the destructor stop it. What the source throws is thrown where its batch would have come. A source
/// that yields references to something it changes for the next batch cannot be made ahead. One that draws from
/// LibTorch's random numbers for each batch does so while a step draws from them, too: such a training neither repeats
/// nor goes on to the bit.
template <BatchSource Source>
class Prefetch {
  using Made = BatchOfSource<Source>;
  using Walk = detail::PrefetchWalk<Made>;

 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Made;
    using difference_type = std::ptrdiff_t;
    using pointer = const Made*;
    using reference = const Made&;

    Iterator() = default;
    explicit Iterator(std::shared_ptr<Walk> walk) : walk_(std::move(walk)) { ++*this; }

    [[nodiscard]] const Made& operator*() const { return *batch_; }
    [[nodiscard]] const Made* operator->() const { return &*batch_; }
    Iterator& operator++() {
      batch_ = walk_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return !it.batch_.has_value(); }

   private:
    std::shared_ptr<Walk> walk_;
    std::optional<Made> batch_;
  };

  /// Throws ConfigError unless `batches` is at least 1.
  explicit Prefetch(Source source, PrefetchOptions options = {}) : source_(std::move(source)), options_(options) {
    if (options.batches >= 1) return;
    throw ConfigError(detail::concat("Prefetch needs at least 1 batch to make ahead, but was given ", options.batches));
  }

  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;
  ~Prefetch() { stop(); }

  [[nodiscard]] Iterator begin() {
    stop();
    const torch::Device where = detail::indexed(device());
    if (!side_ || side_->device() != where) side_ = detail::DeviceStream::beside(where);
    walk_ = std::make_shared<Walk>(source_, options_.batches, *side_);
    return Iterator(walk_);
  }
  [[nodiscard]] std::default_sentinel_t end() const { return std::default_sentinel; }

  void start_epoch(std::int64_t epoch)
    requires HasEpochs<Source>
  {
    stop();
    source_.start_epoch(epoch);
  }
  void start_epoch(std::int64_t epoch, std::int64_t first_batch)
    requires CanResumeEpoch<Source>
  {
    stop();
    source_.start_epoch(epoch, first_batch);
  }

  /// Whether the source can enter an epoch half-way.
  [[nodiscard]] bool resumes_epochs() const { return can_resume_epoch(source_); }

  [[nodiscard]] std::optional<std::int64_t> batch_count() const { return afd::batch_count(source_); }

  [[nodiscard]] std::int64_t fingerprint() const { return afd::fingerprint(source_); }
  [[nodiscard]] Shard shard() const { return shard_of(source_); }

  /// The source, which must not be used during a walk.
  [[nodiscard]] const Source& source() const { return source_; }

  /// Where the batches are, as far as that is known.
  [[nodiscard]] torch::Device device() const {
    if (options_.device) return *options_.device;
    if constexpr (requires {
                    { source_.device() } -> std::convertible_to<torch::Device>;
                  }) {
      return source_.device();
    }
    return torch::kCPU;
  }

 private:
  void stop() {
    if (walk_) walk_->stop();
    walk_.reset();
  }

  Source source_;
  PrefetchOptions options_;
  std::optional<detail::DeviceStream> side_;  // one for all walks
  std::shared_ptr<Walk> walk_;
};

}  // namespace afd
