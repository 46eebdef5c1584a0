// SPDX-License-Identifier: MIT
#pragma once

// An exchange of one process with itself, which changes nothing and notes what it was asked for.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/observe/sharing.hpp>
#include <afd/step/exchange.hpp>

namespace afd_test {

struct ExchangeLog {
  std::vector<std::string> calls;
  afd::detail::Facts facts;
  std::size_t tensors = 0, sync_norms = 0, plain_norms = 0;
  int wants_to_stop = 0;
  std::string left;
  std::vector<std::string> others = {};  ///< what other processes say, where they are asked
};

class LoneExchange {
 public:
  std::shared_ptr<ExchangeLog> log = std::make_shared<ExchangeLog>();

  class State {
   public:
    explicit State(std::shared_ptr<ExchangeLog> log) : log_(std::move(log)) {}

    void begin(const afd::detail::Facts& facts, const std::vector<torch::Tensor>& tensors,
               const afd::detail::TrainedNorms& norms) {
      log_->facts = facts;
      log_->tensors = tensors.size();
      log_->sync_norms = norms.sync.size();
      log_->plain_norms = norms.plain.size();
      log_->calls.emplace_back("begin");
    }
    void begin_step(int wants_to_stop) { log_->wants_to_stop = wants_to_stop; }
    void begin_counts(torch::Tensor counts) { counts_ = std::move(counts); }
    [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> finish_counts() const { return {counts_, counts_}; }
    void add(const std::vector<torch::Tensor>& /*gradients*/, const std::vector<torch::Tensor>& /*parameters*/,
             std::int64_t samples) {
      log_->calls.push_back("add " + std::to_string(samples));
    }
    void watch(const torch::Tensor& /*number*/) { log_->calls.emplace_back("watch"); }
    template <std::size_t N>
    std::array<torch::Tensor, N> finish(const std::array<torch::Tensor, N>& losses, std::int64_t /*samples*/,
                                        const std::vector<torch::Tensor>& statistics) {
      log_->calls.push_back("finish " + std::to_string(statistics.size()));
      return losses;
    }
    void settle_statistics() { log_->calls.emplace_back("settle"); }
    void make_same(const std::vector<torch::Tensor>& /*statistics*/) {}
    void require_finite() const {}
    [[nodiscard]] int agreed_stop() const { return log_->wants_to_stop; }

   private:
    std::shared_ptr<ExchangeLog> log_;
    torch::Tensor counts_;
  };

  [[nodiscard]] State make(std::size_t /*networks*/) const { return State(log); }
  [[nodiscard]] static std::int64_t rank() { return 0; }
  [[nodiscard]] static std::int64_t size() { return 1; }
  [[nodiscard]] static bool is_first() { return true; }
  [[nodiscard]] std::vector<std::string> gather(const std::string& text) const {
    std::vector<std::string> all{text};
    all.insert(all.end(), log->others.begin(), log->others.end());
    return all;
  }
  [[nodiscard]] std::vector<std::string> gather_to_first(const std::string& text) const { return gather(text); }
  [[nodiscard]] static std::string from_first(std::string text) { return text; }
  void require_same(const afd::detail::Facts& facts) const { log->facts = facts; }
  static void share(afd::Sharing& /*sharing*/) {}
  void leave(const std::string& why) const { log->left = why; }
};

static_assert(afd::Exchange<LoneExchange>);

}  // namespace afd_test
