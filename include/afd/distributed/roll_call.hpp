// SPDX-License-Identifier: MIT
#pragma once

// What processes say in c10d's store, which rank 0 serves: that they are here, that they are done, that they have given
// up; and from it, who is gone. A transport tells only neighbours of a process that has died, and those only when they
// turn to it. Not in afd.hpp: needs c10d (afd::distributed in CMake).

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/distributed/backend.hpp>

namespace afd::detail {

/// Of one process. What it asks the store for may throw whatever c10d throws.
class RollCall {
 public:
  RollCall(StorePointer store, std::int64_t rank, std::int64_t size, std::chrono::milliseconds grace)
      : store_(std::move(store)), rank_(rank), size_(size), grace_(grace) {}

  void set(const std::string& key, const std::string& text = "") { put(*store_, key, text); }
  [[nodiscard]] std::string get(const std::string& key) { return text_at(*store_, key); }
  void remove(const std::string& key) { store_->deleteKey(key); }

  /// Waits until all have set their key, the prefix and their rank. Throws if some have not within the timeout, or if
  /// one has given up.
  void require_words(const std::string& prefix, std::chrono::milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    bool is_one_missing = false;
    do {
      if (store_->check({over})) throw std::runtime_error(gave_up);
      is_one_missing = false;
      for (std::int64_t r = 0; r < size_ && !is_one_missing; ++r) {
        is_one_missing = !store_->check({prefix + concat(r)});
      }
      if (!is_one_missing) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    } while (Clock::now() < end);
    throw std::runtime_error(concat("waited for ", timeout.count(), " ms"));
  }

  /// Throws if another process has given up, as far as is known: asks, and never waits for an answer.
  void require_all_go_on() {
    if (!asked_.valid()) {
      asked_ = in_background([store = store_] { return store->check({over}); });
    } else if (asked_.wait_for(std::chrono::seconds(0)) == std::future_status::ready && asked_.get()) {
      throw std::runtime_error(gave_up);
    }
  }

  /// Tells the others that this process cannot go on, and why.
  void leave(const std::string& why) {
    static_cast<void>(within_grace([store = store_, rank = rank_, why] {
      put(*store, key_of("failed", rank), why);
      put(*store, over, "");
    }));
  }

  /// Gives up for `reason`, and says who is gone, as far as the store knows: what the first says that has found out.
  [[nodiscard]] std::string blame(const std::string& reason) {
    auto verdict = std::make_shared<std::string>();
    const bool could_ask = within_grace([store = store_, rank = rank_, size = size_, grace = grace_, reason, verdict] {
      put(*store, key_of("waits", rank), "");
      put(*store, over, "");
      *verdict = verdict_of(*store, rank, size, Clock::now() + grace / 2, reason);
      put(*store, key_of("told", rank), "");
    });
    if (could_ask) return *verdict;
    return rank_ == 0 ? concat("its own store does not answer: ", reason)
                      : concat("process 0 is gone or cut off (", reason, ")");
  }

  /// After leave() or blame(), when this process has closed its connections: the store goes with rank 0, so that this
  /// one waits, within the grace, until those who have given up have read why.
  void let_others_read() {
    if (rank_ != 0) return;
    static_cast<void>(within_grace([store = store_, size = size_, grace = grace_] {
      const Clock::time_point least = Clock::now() + grace / 8, last = Clock::now() + grace / 2;
      while (Clock::now() < last) {
        bool is_done = Clock::now() > least;  // for those that do not know yet that there is something to read
        for (std::int64_t r = 1; r < size; ++r) {
          is_done = is_done && (!store->check({key_of("waits", r)}) || store->check({key_of("told", r)}));
        }
        if (is_done) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr const char* over = "over";  // the key that says that somebody has given up
  static constexpr const char* gave_up = "another process has given up";

  static void put(c10d::Store& store, const std::string& key, const std::string& text) {
    store.set(key, std::vector<std::uint8_t>(text.begin(), text.end()));
  }
  [[nodiscard]] static std::string text_at(c10d::Store& store, const std::string& key) {
    const std::vector<std::uint8_t> bytes = store.get(key);
    return {bytes.begin(), bytes.end()};
  }
  [[nodiscard]] static std::string key_of(const char* what, std::int64_t rank) { return concat(what, '/', rank); }

  [[nodiscard]] static std::string verdict_of(c10d::Store& store, std::int64_t rank, std::int64_t size,
                                              Clock::time_point end, const std::string& reason) {
    std::vector<std::string> failed, silent;
    while (true) {
      failed.clear();
      silent.clear();
      for (std::int64_t r = 0; r < size; ++r) {
        if (r == rank) continue;
        if (store.check({key_of("failed", r)})) {
          failed.push_back(concat("process ", r, " says: ", text_at(store, key_of("failed", r))));
        } else if (!store.check({key_of("waits", r)})) {
          silent.push_back(concat("process ", r));
        }
      }
      if (store.check({"verdict"})) return text_at(store, "verdict");
      if (!failed.empty() || silent.empty() || Clock::now() > end) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const std::string verdict = !failed.empty()  ? joined(failed, "; ")
                                : silent.empty() ? "all processes are there, but " + reason
                                                 : concat(joined(silent, " and "), silent.size() == 1 ? " is" : " are",
                                                          " gone, stopped, cut off or too slow (", reason, ")");
    // Of two at once, one is first.
    const std::vector<std::uint8_t> kept = store.compareSet("verdict", {}, {verdict.begin(), verdict.end()});
    return {kept.begin(), kept.end()};
  }

  /// On a thread of its own, which nobody has to wait for: a store whose machine is cut off never answers.
  template <class Body>
  [[nodiscard]] static std::future<std::invoke_result_t<Body>> in_background(Body body) {
    std::packaged_task<std::invoke_result_t<Body>()> task(std::move(body));
    std::future<std::invoke_result_t<Body>> result = task.get_future();
    std::thread(std::move(task)).detach();
    return result;
  }

  /// Whether it was done, without an error, before the grace was over.
  template <class Body>
  [[nodiscard]] bool within_grace(Body body) {
    std::future<void> done = in_background(std::move(body));
    if (done.wait_for(grace_) != std::future_status::ready) return false;
    try {
      done.get();
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  [[nodiscard]] static std::string joined(const std::vector<std::string>& parts, const char* between) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
    return text;
  }

  StorePointer store_;
  std::int64_t rank_, size_;
  std::chrono::milliseconds grace_;
  std::future<bool> asked_;
};

}  // namespace afd::detail
