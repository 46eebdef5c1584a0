// SPDX-License-Identifier: MIT
#pragma once

// Beside the steps of networks that are in different processes: what teachers show goes where it is learned from, along
// edges only, and all processes decide as one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/distributed/facts.hpp>
#include <afd/distributed/tensor_message.hpp>
#include <afd/distributed/world.hpp>
#include <afd/error.hpp>
#include <afd/plan/readings.hpp>
#include <afd/step/exchange.hpp>
#include <afd/topology/edge.hpp>
#include <afd/topology/topology.hpp>

namespace afd::detail {

/// Of one process. `places`: the process of each network.
class PeerExchange {
 public:
  PeerExchange(World& world, std::vector<std::size_t> places)
      : world_(&world), places_(std::move(places)), letters_(process_count()) {}

  [[nodiscard]] bool is_here(std::size_t network) const { return is_process(process_of(network)); }
  [[nodiscard]] std::size_t process_of(std::size_t network) const { return places_[network]; }
  [[nodiscard]] std::size_t process_count() const { return static_cast<std::size_t>(world_->size()); }
  [[nodiscard]] bool is_process(std::size_t process) const {
    return process == static_cast<std::size_t>(world_->rank());
  }
  /// What that process says.
  [[nodiscard]] std::string text_of(std::size_t process, std::string text) {
    return world_->text_of(static_cast<std::int64_t>(process), std::move(text));
  }

  /// See Exchange.
  void begin(Facts facts, const std::vector<torch::Tensor>& tensors, const TrainedNorms& /*norms*/) {
    for (std::size_t k = 0; k < places_.size(); ++k) {
      facts.emplace_back(concat("process of network ", k), concat(places_[k]));
    }
    require_same_facts(world_->gather(afd::detail::text_of(facts)));
    world_->broadcast_each(tensors);
  }

  void begin_step(int wants_to_stop) {
    wants_to_stop_ = wants_to_stop;
    problem_.clear();
  }

  template <class Plan, class B, class IsDue>
  void share_views(Readings<Plan, B>& readings, const Readings<Plan, B>& like, const IsDue& is_due) {
    const torch::NoGradGuard no_grad;
    for (std::size_t process = 0; process < process_count(); ++process) {
      if (is_process(process)) continue;
      std::vector<torch::Tensor> sent;
      each_view<Plan>(is_due, own(), process, [&](auto t, auto k) {
        for_each_tensor(readings.template teacher<t, k>(),
                        [&](const torch::Tensor& tensor) { sent.push_back(tensor); });
      });
      if (!sent.empty()) send(process, sent);
    }
    for (std::size_t process = 0; process < process_count(); ++process) {
      if (is_process(process)) continue;
      std::optional<std::vector<torch::Tensor>> received;
      std::size_t next = 0;
      each_view<Plan>(is_due, process, own(), [&](auto t, auto k) {
        if (!received) received = receive(process);
        const auto take = [&](const torch::Tensor& as) {
          if (next == received->size()) lists_differ<t, k>();
          torch::Tensor tensor = (*received)[next++];
          return tensor.defined() && as.defined() ? tensor.to(as.device()) : tensor;
        };
        readings.template accept<t, k>(like, take);
      });
      if (received && next != received->size()) {
        throw ShapeError(concat("process ", process, " has sent ", received->size(), " tensors where ", next,
                                " were expected: lists whose length is another one in each batch cannot be seen by ",
                                "networks in other processes"));
      }
    }
  }

  /// Losses that are undefined in all processes stay so.
  template <std::size_t N>
  std::array<torch::Tensor, N> agree(const std::array<torch::Tensor, N>& losses, const std::string& problem) {
    const torch::NoGradGuard no_grad;
    finish_sending();
    std::vector<torch::Tensor> numbers;
    torch::Tensor words = torch::zeros({fixed_numbers + 2 * static_cast<std::int64_t>(N)}, torch::kFloat64);
    auto* const word = words.data_ptr<double>();
    if (wants_to_stop_ > 0) word[wants_to_stop_ - 1] = 1;
    word[2] = problem.empty() ? 0 : 1;
    for (const torch::Tensor& loss : losses) {
      if (loss.defined()) numbers.push_back(loss.detach().to(torch::kFloat64));
    }
    if (!numbers.empty()) {
      const torch::Tensor read = torch::stack(numbers).to(torch::kCPU);
      std::size_t next = 0;
      for (std::size_t i = 0; i < N; ++i) {
        if (!losses[i].defined()) continue;
        word[fixed_numbers + 2 * i] = 1;
        word[fixed_numbers + 2 * i + 1] = read.data_ptr<double>()[next++];
      }
    }
    world_->all_reduce(words);
    const auto* const sum = words.data_ptr<double>();
    stop_ = sum[0] > 0 ? 1 : sum[1] > 0 ? 2 : 0;
    if (sum[2] > 0) note_problems(problem);
    std::array<torch::Tensor, N> shared;
    for (std::size_t i = 0; i < N; ++i) {
      if (sum[fixed_numbers + 2 * i] > 0) shared[i] = torch::full({}, sum[fixed_numbers + 2 * i + 1], torch::kFloat64);
    }
    return shared;
  }

  /// Throws NonFiniteError if one of those that agreed had a problem.
  void require_no_problem() const {
    if (!problem_.empty()) throw NonFiniteError(problem_);
  }
  [[nodiscard]] int agreed_stop() const { return stop_; }

 private:
  static constexpr std::size_t fixed_numbers = 3;  // who wants to stop for which reason, who has a problem
  static constexpr int tag = 1;

  /// To and from one process. Both ends have room for the longest message that there has been; a longer one is
  /// announced.
  struct Letters {
    torch::Tensor out = torch::empty({TensorMessage::least}, torch::kUInt8), in = out.clone();
    torch::Tensor announced, sent;
    std::vector<World::Pending> pending;
  };

  [[nodiscard]] std::size_t own() const { return static_cast<std::size_t>(world_->rank()); }

  /// body(term, network), as constants, for each view that process `from` shows to process `to`, in an order that both
  /// know.
  template <class Plan, class IsDue, class Body>
  void each_view(const IsDue& is_due, std::size_t from, std::size_t to, const Body& body) const {
    for_each_index<Plan::network_count>([&](auto k) {
      if (process_of(k) != from) return;
      for_each_index<Plan::term_count>([&](auto t) {
        if constexpr (Plan::template is_edge_term<t>) {
          if constexpr (teaches<typename Plan::template TermTopology<t>>(k)) {
            bool is_seen = false;
            for (const Edge& edge : Plan::template TermTopology<t>::edges) {
              is_seen = is_seen || (edge.teacher == k && process_of(edge.student) == to);
            }
            if (is_seen && is_due(t)) body(t, k);
          }
        }
      });
    });
  }

  void send(std::size_t process, const std::vector<torch::Tensor>& tensors) {
    Letters& letters = letters_[process];
    const std::int64_t bytes = TensorMessage::bytes_of(tensors);
    const auto to = static_cast<std::int64_t>(process);
    if (bytes > letters.out.numel()) {
      letters.announced = TensorMessage::announcement_of(bytes);
      letters.pending.push_back(world_->start_send(letters.announced, to, tag));
      letters.out = torch::empty({bytes}, torch::kUInt8);
    }
    TensorMessage::write(tensors, letters.out);
    letters.sent = letters.out.narrow(0, 0, bytes);
    letters.pending.push_back(world_->start_send(letters.sent, to, tag));
  }

  [[nodiscard]] std::vector<torch::Tensor> receive(std::size_t process) {
    Letters& letters = letters_[process];
    const auto from = static_cast<std::int64_t>(process);
    world_->start_receive(letters.in, from, tag).wait();
    const std::int64_t bytes = TensorMessage::size_of(letters.in);
    if (bytes > letters.in.numel()) {
      letters.in = torch::empty({bytes}, torch::kUInt8);
      world_->start_receive(letters.in, from, tag).wait();
    }
    return TensorMessage::read(letters.in);
  }

  void finish_sending() {
    for (Letters& letters : letters_) {
      for (World::Pending& pending : letters.pending) pending.wait();
      letters.pending.clear();
    }
  }

  template <std::size_t T, std::size_t K>
  [[noreturn]] static void lists_differ() {
    throw ShapeError(concat("network ", K, " is in another process, and has sent fewer tensors for term number ", T,
                            " than the first batch had: lists whose length changes cannot be seen from here"));
  }

  /// Called by all if one has a problem.
  void note_problems(const std::string& own_problem) {
    const std::vector<std::string> all = world_->gather(own_problem);
    for (std::size_t process = 0; process < all.size(); ++process) {
      if (all[process].empty()) continue;
      problem_ += concat(problem_.empty() ? "" : "; ", "process ", process, ": ", all[process]);
    }
  }

  World* world_;
  std::vector<std::size_t> places_;
  std::vector<Letters> letters_;
  int wants_to_stop_ = 0;
  int stop_ = 0;
  std::string problem_;
};

}  // namespace afd::detail
