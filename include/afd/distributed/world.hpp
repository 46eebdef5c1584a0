// SPDX-License-Identifier: MIT
#pragma once

// The processes that train together: what they exchange, and which of them is gone when that fails.
//
// LibTorch's c10d says "Connection closed by peer [10.0.0.7]:57506" to whoever waits for a process that has died, and
// nothing to others. So processes also meet in c10d's store, which rank 0 serves: whoever cannot go on says so there,
// and looks who has not. Not in afd.hpp: needs c10d and Gloo's headers (afd::distributed in CMake).

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/data/shard.hpp>
#include <afd/detail/concat.hpp>
#include <afd/distributed/backend.hpp>
#include <afd/distributed/launch.hpp>
#include <afd/error.hpp>

namespace afd {

struct WorldOptions {
  Launch launch = Launch::from_environment();
  /// How long a process waits for others at the start.
  std::chrono::milliseconds meeting = std::chrono::minutes(5);
  /// How long it waits for others in every exchange before it gives up. Whatever only one process does in between must
  /// be shorter.
  std::chrono::milliseconds timeout = std::chrono::minutes(2);
  /// How long processes that have to give up wait for each other's word, so that all can tell who is gone.
  std::chrono::milliseconds grace = std::chrono::seconds(5);
  std::string interface = {};  ///< network interface of Gloo; empty: the one that has this machine's address
};

/// Of one process. All processes must make the same exchanges in the same order. Not to be shared between threads.
///
///     afd::World world;                       // waits for all processes that were started
///     world.all_reduce(tensor);               // the sum over all
///
/// Every function throws PeerError, within the timeout, if a process is gone or does not answer, naming it; so does
/// every later one. What this process itself throws past its World is told to the others.
class World {
 public:
  /// Throws ConfigError for options that cannot be, PeerError that names who has not come.
  explicit World(WorldOptions options = {}) : options_(std::move(options)) {
    if (options_.meeting.count() <= 0 || options_.timeout.count() <= 0 || options_.grace.count() <= 0) {
      throw ConfigError("a world's meeting, timeout and grace must be positive");
    }
    if (size() == 1) return;
    connect();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    try {
      if (std::uncaught_exceptions() > exceptions_) leave("an error ended it");
      end();
    } catch (const std::exception&) {  // others will see that nobody answers
    }
  }

  [[nodiscard]] std::int64_t rank() const { return options_.launch.rank; }
  [[nodiscard]] std::int64_t size() const { return options_.launch.size; }
  [[nodiscard]] std::int64_t local_rank() const { return options_.launch.local_rank; }
  /// This process's part of what all train on.
  [[nodiscard]] Shard shard() const { return {rank(), size()}; }
  /// Whether this is the process that writes files.
  [[nodiscard]] bool is_first() const { return rank() == 0; }

  /// An exchange that has begun. Its tensor must not be touched until wait() has returned.
  class Pending {
   public:
    void wait() {
      world_.require_usable();
      if (work_) world_.guarded(what_, [&] { work_->wait(); });
    }

   private:
    friend World;
    Pending(World& world, std::string what, detail::WorkPointer work)
        : world_(world), what_(std::move(what)), work_(std::move(work)) {}

    World& world_;
    std::string what_;
    detail::WorkPointer work_;
  };

  /// Makes `tensor` the sum of all processes' tensors of this shape, to the same bits in each.
  void all_reduce(torch::Tensor& tensor) { start_all_reduce(tensor).wait(); }

  /// The same while this process does something else.
  [[nodiscard]] Pending start_all_reduce(torch::Tensor& tensor) {
    return start("all-reduce", tensor.nbytes(), [&] {
      std::vector<torch::Tensor> one{tensor};
      return backend_->allreduce(one);
    });
  }

  /// Makes `tensor` that of process `from`.
  void broadcast(torch::Tensor& tensor, std::int64_t from = 0) {
    start("broadcast", tensor.nbytes(), [&] {
      std::vector<torch::Tensor> one{tensor};
      c10d::BroadcastOptions how;
      how.rootRank = from;
      return backend_->broadcast(one, how);
    }).wait();
  }

  /// Sends to process `to`, which receives with the same tag into a tensor of at least so many bytes.
  [[nodiscard]] Pending start_send(torch::Tensor& tensor, std::int64_t to, int tag) {
    return start(detail::concat("message to process ", to), tensor.nbytes(), [&] {
      std::vector<torch::Tensor> one{tensor};
      return backend_->send(one, static_cast<int>(to), tag);
    });
  }
  [[nodiscard]] Pending start_receive(torch::Tensor& tensor, std::int64_t from, int tag) {
    return start(detail::concat("message from process ", from), 0, [&] {
      std::vector<torch::Tensor> one{tensor};
      return backend_->recv(one, static_cast<int>(from), tag);
    });
  }

  /// What each process says, by rank. For few words, now and then.
  [[nodiscard]] std::vector<std::string> gather(const std::string& text) { return gather(text, /*to_all=*/true); }
  /// The same for process 0 alone; others get nothing, and do not wait.
  [[nodiscard]] std::vector<std::string> gather_to_first(const std::string& text) {
    return gather(text, /*to_all=*/false);
  }

  /// What process 0 says, of any length.
  [[nodiscard]] std::string from_first(std::string text) {
    torch::Tensor size = torch::tensor(static_cast<std::int64_t>(text.size()), torch::kInt64);
    broadcast(size);
    torch::Tensor bytes = torch::empty({size.item<std::int64_t>()}, torch::kUInt8);
    if (bytes.numel() == 0) return {};
    if (is_first()) std::copy(text.begin(), text.end(), static_cast<std::uint8_t*>(bytes.data_ptr()));
    broadcast(bytes);
    const auto* const first = static_cast<const char*>(bytes.data_ptr());
    return {first, first + bytes.numel()};
  }

  /// Waits until all processes are here.
  void barrier() { static_cast<void>(gather("")); }

  /// Tells the others that this process cannot go on, and why; their exchanges end at once. For errors that are caught
  /// before they leave the World's scope.
  void leave(const std::string& why) {
    if (!is_usable()) return;
    within_grace([store = store_, key = "failed/" + detail::concat(rank()), why] {
      store->set(key, std::vector<std::uint8_t>(why.begin(), why.end()));
    });
    problem_ = detail::concat("process ", rank(), " (this one) has left: ", why);
    backend_.reset();  // closes its connections
  }

  /// What this process has sent so far, in bytes of tensors; in a ring an all-reduce of n processes puts 2 (n - 1) / n
  /// times as many on the wire.
  [[nodiscard]] std::int64_t bytes_given() const { return bytes_; }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_usable() const { return backend_ && problem_.empty(); }
  void require_usable() const {
    if (!problem_.empty()) throw PeerError(problem_);
  }

  void connect() {
    const Launch& launch = options_.launch;
    const std::string where = detail::concat(launch.address, ':', launch.port);
    try {
      store_ = detail::connect_store(launch.address, launch.port, is_first(), options_.meeting);
    } catch (const std::exception& error) {
      throw PeerError(detail::concat("process ", rank(), " of ", size(),
                                     is_first() ? " cannot serve at " : " does not find process 0 at ", where, ": ",
                                     first_line(error.what()), "; see MASTER_ADDR and MASTER_PORT"));
    }
    guarded("meeting", [&] {
      set("here/" + detail::concat(rank()), "");
      require_words("here/", options_.meeting);
      backend_ = detail::make_gloo(c10::make_intrusive<c10d::PrefixStore>("gloo", store_), static_cast<int>(rank()),
                                   static_cast<int>(size()), options_.interface, options_.timeout);
    });
  }

  [[nodiscard]] std::vector<std::string> gather(const std::string& text, bool to_all) {
    std::vector<std::string> all(static_cast<std::size_t>(size()));
    all[static_cast<std::size_t>(rank())] = text;
    if (size() == 1) return all;
    require_usable();
    const auto key = [&](std::int64_t round, std::int64_t r) { return detail::concat("gather ", round, '/', r); };
    guarded("gather", [&] {
      // Whoever says something in a round has read all of those before the last.
      if (gathered_ >= 2) store_->deleteKey(key(gathered_ - 2, rank()));
      set(key(gathered_, rank()), text);
      if (!to_all && !is_first()) return;
      require_words(detail::concat("gather ", gathered_, '/'), options_.timeout);
      for (std::int64_t r = 0; r < size(); ++r) {
        if (r != rank()) all[static_cast<std::size_t>(r)] = get(key(gathered_, r));
      }
    });
    ++gathered_;
    return all;
  }

  /// begin() gives the work.
  template <class Begin>
  Pending start(std::string what, std::size_t bytes, const Begin& begin) {
    require_usable();
    bytes_ += size() == 1 ? 0 : static_cast<std::int64_t>(bytes);
    detail::WorkPointer work;
    if (size() > 1) guarded(what, [&] { work = begin(); });
    return {*this, std::move(what), std::move(work)};
  }

  /// Finds out who is to blame for what body() throws.
  template <class Body>
  void guarded(const std::string& what, const Body& body) {
    try {
      body();
    } catch (const PeerError&) {
      throw;
    } catch (const std::exception& error) {
      fail(what, first_line(error.what()));
    }
  }

  [[noreturn]] void fail(const std::string& what, const std::string& reason) {
    problem_ = detail::concat(what, " of process ", rank(), " of ", size(), " has failed: ", blame(reason),
                              "; start all of them again, and they go on from the last checkpoint");
    backend_.reset();
    throw PeerError(problem_);
  }

  /// Who is gone, as far as the store knows: what the first says that has found out.
  [[nodiscard]] std::string blame(const std::string& reason) {
    auto verdict = std::make_shared<std::string>();
    const bool could_ask =
        within_grace([store = store_, rank = rank(), size = size(), grace = options_.grace, reason, verdict] {
          const auto key = [](const char* of, std::int64_t r) { return detail::concat(of, '/', r); };
          const auto text_at = [&](const std::string& name) {
            const std::vector<std::uint8_t> bytes = store->get(name);
            return std::string(bytes.begin(), bytes.end());
          };
          store->set(key("waits", rank), std::vector<std::uint8_t>{1});
          const Clock::time_point end = Clock::now() + grace / 2;
          std::vector<std::string> failed, silent;
          while (verdict->empty()) {
            failed.clear();
            silent.clear();
            for (std::int64_t r = 0; r < size; ++r) {
              if (r == rank) continue;
              if (store->check({key("failed", r)})) {
                failed.push_back(detail::concat("process ", r, " says: ", text_at(key("failed", r))));
              } else if (!store->check({key("waits", r)})) {
                silent.push_back(detail::concat("process ", r));
              }
            }
            if (store->check({"verdict"})) *verdict = text_at("verdict");
            if (!failed.empty() || silent.empty() || Clock::now() > end) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
          if (verdict->empty()) {
            *verdict = !failed.empty()  ? joined(failed, "; ")
                       : silent.empty() ? "all processes are there, but " + reason
                                        : detail::concat(joined(silent, " and "), silent.size() == 1 ? " is" : " are",
                                                         " gone, stopped, cut off or too slow (", reason, ")");
            store->set("verdict", std::vector<std::uint8_t>(verdict->begin(), verdict->end()));
          }
          store->set(key("told", rank), std::vector<std::uint8_t>{1});
        });
    if (could_ask) {
      if (is_first()) let_others_read();
      return *verdict;
    }
    return is_first() ? detail::concat("its own store does not answer: ", reason)
                      : detail::concat("process 0 is gone or cut off (", reason, ")");
  }

  /// The store goes with rank 0: who is waiting must have read it.
  void let_others_read() {
    static_cast<void>(within_grace([store = store_, size = size(), grace = options_.grace] {
      const Clock::time_point least = Clock::now() + grace / 8, last = Clock::now() + grace / 2;
      while (Clock::now() < last) {
        bool is_over = Clock::now() > least;  // for those that do not know yet that there is something to read
        for (std::int64_t r = 1; r < size; ++r) {
          const bool waits = store->check({detail::concat("waits/", r)});
          is_over = is_over && (!waits || store->check({detail::concat("told/", r)}));
        }
        if (is_over) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }));
  }

  /// Throws PeerError, naming those, if some have not set their key within the timeout.
  void require_words(const std::string& prefix, std::chrono::milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    std::vector<std::int64_t> missing;
    do {
      missing.clear();
      if (store_->check({"verdict"})) throw std::runtime_error("another process has given up");
      for (std::int64_t r = 0; r < size(); ++r) {
        if (store_->check({detail::concat("failed/", r)})) throw std::runtime_error("a process has left");
        if (!store_->check({prefix + detail::concat(r)})) missing.push_back(r);
      }
      if (missing.empty()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    } while (Clock::now() < end);
    throw std::runtime_error(detail::concat("waited for ", timeout.count(), " ms"));
  }

  /// Whether it was done, without an error, before the grace was over: a store whose machine is cut off never answers.
  template <class Body>
  bool within_grace(Body body) {
    auto done = std::make_shared<std::promise<bool>>();
    std::future<bool> result = done->get_future();
    std::thread([done, body = std::move(body)]() mutable {
      try {
        body();
        done->set_value(true);
      } catch (...) {
        done->set_value(false);
      }
    }).detach();
    return result.wait_for(options_.grace) == std::future_status::ready && result.get();
  }

  /// Of a process that has done its part: rank 0 stays until all have, for its store goes with it.
  void end() {
    if (!is_usable()) return;
    set("done/" + detail::concat(rank()), "");
    if (is_first()) require_words("done/", options_.timeout);
    backend_.reset();
  }

  void set(const std::string& key, const std::string& text) {
    store_->set(key, std::vector<std::uint8_t>(text.begin(), text.end()));
  }
  [[nodiscard]] std::string get(const std::string& key) {
    const std::vector<std::uint8_t> bytes = store_->get(key);
    return {bytes.begin(), bytes.end()};
  }

  [[nodiscard]] static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
  [[nodiscard]] static std::string joined(const std::vector<std::string>& parts, const char* between) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
    return text;
  }

  WorldOptions options_;
  int exceptions_ = std::uncaught_exceptions();
  detail::StorePointer store_;
  detail::BackendPointer backend_;
  std::string problem_;  // since when nothing can be exchanged
  std::int64_t gathered_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace afd
