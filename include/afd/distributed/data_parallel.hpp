// SPDX-License-Identifier: MIT
#pragma once

// Several processes train the same networks, each on its part of every batch.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/distributed/facts.hpp>
#include <afd/distributed/gradient_exchange.hpp>
#include <afd/distributed/world.hpp>
#include <afd/error.hpp>
#include <afd/observe/sharing.hpp>
#include <afd/step/exchange.hpp>

namespace afd {

///     afd::World world;
///     afd::BatchLoader train{data, {.batch_size = 128, .shard = world.shard()}};
///     afd::Distiller distiller{topology, strategy, afd::DistillerOptions{.exchange = afd::DataParallel{world}}, a, b};
///
/// Everything else stays as it is in one process. All begin with the weights of process 0. Gradients and losses are
/// means over the samples of all processes, so that they take the same steps: those of one process with the whole
/// batch, to rounding, for losses that are means over samples and networks without statistics of their batch.
/// The world must outlive the distiller.
class DataParallel {
 public:
  /// Throws ConfigError for options that cannot be.
  explicit DataParallel(World& world, const DataParallelOptions& options = {}) : world_(&world), options_(options) {
    if (options_.bucket_bytes < 1) throw ConfigError("DataParallel's bucket_bytes must be at least 1");
  }

  [[nodiscard]] World& world() const { return *world_; }
  [[nodiscard]] const DataParallelOptions& options() const { return options_; }

  [[nodiscard]] detail::GradientExchange make() const { return {*world_, options_}; }
  [[nodiscard]] std::int64_t rank() const { return world_->rank(); }
  [[nodiscard]] std::int64_t size() const { return world_->size(); }
  [[nodiscard]] bool is_first() const { return world_->is_first(); }
  [[nodiscard]] std::vector<std::string> gather(const std::string& text) const { return world_->gather(text); }
  [[nodiscard]] std::vector<std::string> gather_to_first(const std::string& text) const {
    return world_->gather_to_first(text);
  }
  [[nodiscard]] std::string from_first(std::string text) const { return world_->from_first(std::move(text)); }
  /// Throws ConfigError, in all processes, naming what differs.
  void require_same(const detail::Facts& facts) const { detail::require_same_facts(gather(detail::text_of(facts))); }
  /// Makes scores of a part of the samples those of all.
  void share(Sharing& sharing) const {
    sharing.share(
        rank(), [this](const std::string& text) { return gather(text); },
        [this](torch::Tensor& tensor) { world_->all_reduce(tensor); });
  }
  void leave(const std::string& why) const { world_->leave(why); }

 private:
  World* world_;
  DataParallelOptions options_;
};

static_assert(Exchange<DataParallel>);

}  // namespace afd
