// SPDX-License-Identifier: MIT
#pragma once

// Several processes train the same networks, each on its part of every batch.

#include <cstddef>

#include <afd/distributed/gradient_exchange.hpp>
#include <afd/distributed/world.hpp>
#include <afd/distributed/world_link.hpp>
#include <afd/error.hpp>
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
class DataParallel : public detail::WorldLink {
 public:
  /// Throws ConfigError for options that cannot be.
  explicit DataParallel(World& world, const DataParallelOptions& options = {}) : WorldLink(world), options_(options) {
    if (options_.bucket_bytes < 1) throw ConfigError("DataParallel's bucket_bytes must be at least 1");
  }

  [[nodiscard]] const DataParallelOptions& options() const { return options_; }

  [[nodiscard]] detail::GradientExchange make(std::size_t /*networks*/) const { return {world(), options_}; }

 private:
  DataParallelOptions options_;
};

static_assert(Exchange<DataParallel>);

}  // namespace afd
