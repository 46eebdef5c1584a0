// SPDX-License-Identifier: MIT
#pragma once

// Several processes train together, each its own networks, all on the same batches.

#include <cstddef>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/distributed/peer_exchange.hpp>
#include <afd/distributed/world.hpp>
#include <afd/distributed/world_link.hpp>
#include <afd/error.hpp>
#include <afd/step/exchange.hpp>

namespace afd {

struct PeerParallelOptions {
  /// The process of each network; empty: neighbours together, as many in each process as in any other.
  std::vector<std::size_t> places = {};
};

///     afd::World world;
///     afd::BatchLoader train{data, {.batch_size = 128}};  // every process has the whole batch
///     afd::Distiller distiller{afd::topology::Cycle<3>{}, strategy,
///                              afd::DistillerOptions{.exchange = afd::PeerParallel{world}}, a, b, c};
///
/// Every process has all networks, and computes and trains those that are placed in it. What a network shows as a
/// teacher (logits, maps) goes to the processes of those that learn from it, along edges only; gradients, optimizers
/// and discriminators stay where the student is. Steps are those of one process, to the bit where networks draw no
/// random numbers. Networks that are elsewhere have old weights until evaluate(), state() or game_health() is called,
/// by all. The world must outlive the distiller.
class PeerParallel : public detail::WorldLink {
 public:
  static constexpr bool places_networks = true;

  explicit PeerParallel(World& world, PeerParallelOptions options = {})
      : WorldLink(world), options_(std::move(options)) {}

  [[nodiscard]] const PeerParallelOptions& options() const { return options_; }

  /// Throws ConfigError for places that do not fit, and if a process would have no network.
  [[nodiscard]] detail::PeerExchange make(std::size_t networks) const {
    const auto processes = static_cast<std::size_t>(size());
    std::vector<std::size_t> places = options_.places;
    if (places.empty()) {
      for (std::size_t k = 0; k < networks; ++k) places.push_back(k * processes / networks);
    }
    if (places.size() != networks) {
      throw ConfigError(detail::concat("PeerParallel has places for ", places.size(), " networks, but there are ",
                                       networks, "; give each the number of a process"));
    }
    std::vector<bool> has_one(processes, false);
    for (std::size_t k = 0; k < networks; ++k) {
      if (places[k] >= processes) {
        throw ConfigError(detail::concat("PeerParallel places network ", k, " in process ", places[k],
                                         ", but the last one is ", processes - 1));
      }
      has_one[places[k]] = true;
    }
    for (std::size_t process = 0; process < processes; ++process) {
      if (has_one[process]) continue;
      throw ConfigError(detail::concat("PeerParallel has no network for process ", process, ": there are ", processes,
                                       " processes and ", networks, " networks; start fewer, or place them otherwise"));
    }
    return {world(), std::move(places)};
  }

 private:
  PeerParallelOptions options_;
};

static_assert(Exchange<PeerParallel>);

}  // namespace afd
