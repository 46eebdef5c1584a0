// SPDX-License-Identifier: MIT
#include <afd/distributed/peer_exchange.hpp>
//
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include <afd/distributed/peer_parallel.hpp>

#include "support/doctest.hpp"
#include "support/world_of_processes.hpp"

namespace {

using afd_test::Scenario, afd_test::WorldOfProcesses;

/// Bytes that this process gives in a step of four networks of 10 classes that learn from probabilities.
template <class Topology>
std::int64_t bytes_of_a_step(afd::World& world, const Topology& topology, std::int64_t samples) {
  torch::nn::Linear a(4, 10), b(4, 10), c(4, 10), d(4, 10);
  const afd::DistillerOptions options{.exchange = afd::PeerParallel{world}};
  afd::Distiller distiller{topology, afd::Strategy{afd::CrossEntropy{}, afd::MutualKL{}}, options, a, b, c, d};
  const auto step = [&](std::int64_t of) {
    distiller.step({torch::randn({of, 4}), torch::zeros({of}, torch::kInt64)});
  };
  step(samples);
  const std::int64_t before = world.bytes_given();
  step(samples);
  return world.bytes_given() - before;
}

const Scenario along_edges("along edges", [] {
  afd::World world;
  const auto require = [](std::int64_t is, std::int64_t shall) {
    if (is != shall) throw std::logic_error(std::to_string(is) + " bytes in place of " + std::to_string(shall));
  };
  constexpr std::int64_t samples = 16, logits = samples * 10 * 4, head = (2 + 2 + 2) * 8;
  // Everybody's losses, and what three numbers say: of each network one, and one of each edge.
  require(bytes_of_a_step(world, afd::topology::Cycle<4>{}, samples), head + logits + (3 + 2 * 8) * 8);
  require(bytes_of_a_step(world, afd::topology::AllPairs<4>{}, samples), 3 * (head + logits) + (3 + 2 * 16) * 8);
});

}  // namespace

TEST_SUITE_BEGIN("distributed");

TEST_CASE("what networks show is sent along edges, and nowhere else") {
  WorldOfProcesses world(4, "along edges");
  for (const int rank : {0, 1, 2, 3}) {
    const auto process = world.end_of(rank);
    INFO(process.output);
    CHECK(process.code == 0);
  }
}

TEST_SUITE_END();
