// SPDX-License-Identifier: MIT
#include <afd/distributed/backend.hpp>
//
#include <chrono>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/world_of_processes.hpp"

TEST_SUITE_BEGIN("distributed");

TEST_CASE("a store and a transport of one process") {
  const auto port = static_cast<std::uint16_t>(afd_test::WorldOfProcesses::free_port());
  const auto store = afd::detail::connect_store("127.0.0.1", port, /*serves=*/true, std::chrono::seconds(5));
  store->set("key", std::vector<std::uint8_t>{1, 2});
  CHECK(store->get("key") == std::vector<std::uint8_t>{1, 2});
  const auto gloo = afd::detail::make_gloo(store, 0, 1, "lo", std::chrono::seconds(5));
  std::vector<torch::Tensor> one{torch::full({3}, 2.0)};
  gloo->allreduce(one)->wait();
  CHECK(torch::equal(one[0], torch::full({3}, 2.0)));
}

TEST_SUITE_END();
