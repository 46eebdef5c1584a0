// SPDX-License-Identifier: MIT
#pragma once

// The processes that train together: what they exchange, and which of them is gone when that fails. Not in afd.hpp:
// needs c10d and Gloo's headers (afd::distributed in CMake).

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/shard.hpp>
#include <afd/detail/concat.hpp>
#include <afd/distributed/backend.hpp>
#include <afd/distributed/launch.hpp>
#include <afd/distributed/roll_call.hpp>
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
  enum class Kind { collective, message };

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
      if (work_) world_.guarded(what_, [&] { world_.await(*work_, kind_); });
    }

   private:
    friend World;
    Pending(World& world, std::string what, Kind kind, detail::WorkPointer work)
        : world_(world), what_(std::move(what)), kind_(kind), work_(std::move(work)) {}

    World& world_;
    std::string what_;
    Kind kind_;
    detail::WorkPointer work_;
  };

  /// Makes `tensor` the sum of all processes' tensors of this shape, to the same bits in each.
  void all_reduce(torch::Tensor& tensor) { start_all_reduce(tensor).wait(); }

  /// The same while this process does something else.
  [[nodiscard]] Pending start_all_reduce(torch::Tensor& tensor) {
    return start("all-reduce", Kind::collective, tensor.nbytes(), [&] {
      std::vector<torch::Tensor> one{tensor};
      return backend_->allreduce(one);
    });
  }

  /// Makes tensors of any type those of process `from`, as bytes: not every back end knows every type.
  void broadcast_each(const std::vector<torch::Tensor>& tensors, std::int64_t from = 0) {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& tensor : tensors) {
      if (tensor.numel() == 0) continue;
      torch::Tensor bytes = tensor.reshape(-1).clone().view(torch::kUInt8);
      broadcast(bytes, from);
      if (rank() != from) tensor.copy_(bytes.view(tensor.scalar_type()).view(tensor.sizes()));
    }
  }

  /// Makes `tensor` that of process `from`.
  void broadcast(torch::Tensor& tensor, std::int64_t from = 0) {
    start("broadcast", Kind::collective, tensor.nbytes(), [&] {
      std::vector<torch::Tensor> one{tensor};
      c10d::BroadcastOptions how;
      how.rootRank = from;
      return backend_->broadcast(one, how);
    }).wait();
  }

  /// Sends to process `to`, which receives with the same tag into a tensor of at least so many bytes.
  [[nodiscard]] Pending start_send(torch::Tensor& tensor, std::int64_t to, int tag) {
    return start(detail::concat("message to process ", to), Kind::message, tensor.nbytes(), [&] {
      std::vector<torch::Tensor> one{tensor};
      return backend_->send(one, static_cast<int>(to), tag);
    });
  }
  [[nodiscard]] Pending start_receive(torch::Tensor& tensor, std::int64_t from, int tag) {
    return start(detail::concat("message from process ", from), Kind::message, 0, [&] {
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
  [[nodiscard]] std::string from_first(std::string text) { return text_of(0, std::move(text)); }
  /// What that process says.
  [[nodiscard]] std::string text_of(std::int64_t process, std::string text) {
    torch::Tensor size = torch::tensor(static_cast<std::int64_t>(text.size()), torch::kInt64);
    broadcast(size, process);
    torch::Tensor bytes = torch::empty({size.item<std::int64_t>()}, torch::kUInt8);
    if (bytes.numel() == 0) return {};
    if (rank() == process) std::copy(text.begin(), text.end(), static_cast<std::uint8_t*>(bytes.data_ptr()));
    broadcast(bytes, process);
    const auto* const first = static_cast<const char*>(bytes.data_ptr());
    return {first, first + bytes.numel()};
  }

  /// Waits until all processes are here.
  void barrier() { static_cast<void>(gather("")); }

  /// Tells the others that this process cannot go on, and why; their exchanges end at once. For errors that are caught
  /// before they leave the World's scope.
  void leave(const std::string& why) {
    if (!is_usable()) return;
    roll_call_->leave(why);
    problem_ = detail::concat("process ", rank(), " (this one) has left: ", why);
    backend_.reset();  // closes its connections
    roll_call_->let_others_read();
  }

  /// What this process has sent so far, in bytes of tensors; in a ring an all-reduce of n processes puts 2 (n - 1) / n
  /// times as many on the wire.
  [[nodiscard]] std::int64_t bytes_given() const { return bytes_; }

 private:
  [[nodiscard]] bool is_usable() const { return backend_ && problem_.empty(); }
  void require_usable() const {
    if (!problem_.empty()) throw PeerError(problem_);
  }

  void connect() {
    const Launch& launch = options_.launch;
    const std::string where = detail::concat(launch.address, ':', launch.port);
    detail::StorePointer store;
    try {
      store = detail::connect_store(launch.address, launch.port, is_first(), options_.meeting);
    } catch (const std::exception& error) {
      throw PeerError(detail::concat("process ", rank(), " of ", size(),
                                     is_first() ? " cannot serve at " : " does not find process 0 at ", where, ": ",
                                     first_line(error.what()), "; see MASTER_ADDR and MASTER_PORT"));
    }
    roll_call_.emplace(store, rank(), size(), options_.grace);
    guarded("meeting", [&] {
      roll_call_->set("here/" + detail::concat(rank()));
      roll_call_->require_words("here/", options_.meeting);
      backend_ = detail::make_gloo(c10::make_intrusive<c10d::PrefixStore>("gloo", store), static_cast<int>(rank()),
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
      if (gathered_ >= 2) roll_call_->remove(key(gathered_ - 2, rank()));
      roll_call_->set(key(gathered_, rank()), text);
      if (!to_all && !is_first()) return;
      roll_call_->require_words(detail::concat("gather ", gathered_, '/'), options_.timeout);
      for (std::int64_t r = 0; r < size(); ++r) {
        if (r != rank()) all[static_cast<std::size_t>(r)] = roll_call_->get(key(gathered_, r));
      }
    });
    ++gathered_;
    return all;
  }

  /// begin() gives the work.
  template <class Begin>
  Pending start(std::string what, Kind kind, std::size_t bytes, const Begin& begin) {
    require_usable();
    bytes_ += size() == 1 ? 0 : static_cast<std::int64_t>(bytes);
    detail::WorkPointer work;
    if (size() > 1) guarded(what, [&] { work = begin(); });
    return {*this, std::move(what), kind, std::move(work)};
  }

  /// Waits for the work, and throws when another process has given up: what this one waits for may never come then.
  void await(c10d::Work& work, Kind kind) {
    const std::chrono::milliseconds now_and_then = options_.grace / 10;
    if (kind == Kind::collective) {
      while (true) {
        try {
          work.wait(now_and_then);
          return;
        } catch (const std::exception&) {
          if (work.isCompleted()) return static_cast<void>(work.wait());  // throws if it has failed
        }
        roll_call_->require_all_go_on();
      }
    }
    // Gloo closes the connection of a message that was not there in time.
    std::future<bool> ended = std::async(std::launch::async, [&work] { return work.wait(); });
    while (ended.wait_for(now_and_then) != std::future_status::ready) {
      try {
        roll_call_->require_all_go_on();
      } catch (const std::exception&) {
        work.abort();
        throw;
      }
    }
    ended.get();
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
    problem_ = detail::concat(what, " of process ", rank(), " of ", size(), " has failed: ", roll_call_->blame(reason),
                              "; start all of them again, and they go on from the last checkpoint");
    backend_.reset();
    roll_call_->let_others_read();
    throw PeerError(problem_);
  }

  /// Of a process that has done its part: rank 0 stays until all have, for its store goes with it.
  void end() {
    if (!is_usable()) return;
    roll_call_->set("done/" + detail::concat(rank()));
    if (is_first()) roll_call_->require_words("done/", options_.timeout);
    backend_.reset();
  }

  [[nodiscard]] static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  WorldOptions options_;
  int exceptions_ = std::uncaught_exceptions();
  std::optional<detail::RollCall> roll_call_;
  detail::BackendPointer backend_;
  std::string problem_;  // since when nothing can be exchanged
  std::int64_t gathered_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace afd
