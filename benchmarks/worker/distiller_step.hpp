// SPDX-License-Identifier: MIT
#pragma once

// A step of the library for a recipe and a topology, with the cell's settings.

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <afd/step/distiller.hpp>

#include "worker/cell.hpp"

namespace worker {

template <class Topology, class Strategy, class Options, std::size_t... K>
Step make_step(const Cell& cell, const Options& options, std::index_sequence<K...>) {
  std::array<afd::AnyNetwork, sizeof...(K)> networks{make_network(cell, K)...};
  auto distiller = std::make_shared<decltype(afd::Distiller{Topology{}, Strategy{}, options, networks[K]...})>(
      Topology{}, Strategy{}, options, networks[K]...);
  return [distiller, batch = cell.make_batch()] { distiller->step(batch); };
}

/// With the cell's execution and checks; `Updates` as given.
template <class Topology, class Strategy, class Updates = afd::SeparateUpdates>
Step make_step(const Cell& cell) {
  const auto indices = std::make_index_sequence<Topology::network_count>{};
  if (cell.peers) {
    const afd::DistillerOptions options{.execution = afd::PeerThreads{.threads = cell.threads},
                                        .updates = Updates{},
                                        .layout = cell.layout,
                                        .precision = cell.precision};
    return make_step<Topology, Strategy>(cell, options, indices);
  }
  const afd::DistillerOptions options{.updates = Updates{}, .layout = cell.layout, .precision = cell.precision};
  return make_step<Topology, Strategy>(cell, options, indices);
}

}  // namespace worker
