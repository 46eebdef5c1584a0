// SPDX-License-Identifier: MIT
#pragma once

// As if networks were in two processes, in one: what the other one would say is given.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/error.hpp>
#include <afd/step/exchange.hpp>

#include "support/lone_exchange.hpp"

namespace afd_test {

struct PeersLog {
  std::vector<std::size_t> places;           ///< of networks
  bool is_everywhere = true;                 ///< whether this is either process, else the first one
  std::map<std::size_t, std::string> texts;  ///< of processes
  std::string problem;                       ///< of the other process
  int problem_at = 0;                        ///< in which agreement of the next step, from 0
  std::vector<std::string> own_problems;     ///< what this one has found, agreement by agreement
  std::int64_t seen = 0;                     ///< how often views were shared
};

class LonePeers : public LoneExchange {
 public:
  static constexpr bool places_networks = true;
  std::shared_ptr<PeersLog> peers = std::make_shared<PeersLog>();

  class State {
   public:
    explicit State(std::shared_ptr<PeersLog> log) : log_(std::move(log)) {}

    [[nodiscard]] bool is_here(std::size_t network) const { return is_process(process_of(network)); }
    [[nodiscard]] std::size_t process_of(std::size_t network) const { return log_->places.at(network); }
    [[nodiscard]] static std::size_t process_count() { return 2; }
    [[nodiscard]] bool is_process(std::size_t process) const { return log_->is_everywhere || process == 0; }
    [[nodiscard]] std::string text_of(std::size_t process, std::string text) const {
      if (is_process(process)) log_->texts[process] = text;
      return log_->texts.at(process);
    }
    void begin(const afd::detail::Facts& /*facts*/, const std::vector<torch::Tensor>& /*tensors*/,
               const afd::detail::TrainedNorms& /*norms*/) {}
    void begin_step(int wants_to_stop) {
      stop_ = wants_to_stop;
      agreements_ = 0;
      problem_.clear();
    }
    template <class Readings, class IsDue>
    void share_views(const Readings& /*readings*/, const Readings& /*like*/, const IsDue& /*is_due*/) {
      ++log_->seen;
    }
    template <std::size_t N>
    std::array<torch::Tensor, N> agree(const std::array<torch::Tensor, N>& losses, const std::string& problem) {
      log_->own_problems.push_back(problem);
      problem_ = problem;
      if (agreements_++ == log_->problem_at) problem_ += log_->problem;
      return losses;
    }
    void require_no_problem() const {
      if (!problem_.empty()) throw afd::NonFiniteError(problem_);
    }
    [[nodiscard]] int agreed_stop() const { return stop_; }

   private:
    std::shared_ptr<PeersLog> log_;
    int stop_ = 0, agreements_ = 0;
    std::string problem_;
  };

  explicit LonePeers(std::vector<std::size_t> places) { peers->places = std::move(places); }

  [[nodiscard]] State make(std::size_t /*networks*/) const { return State(peers); }
};

static_assert(afd::Exchange<LonePeers>);

}  // namespace afd_test
