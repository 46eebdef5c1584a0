// SPDX-License-Identifier: MIT
#include <afd/compute/undisturbed.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("compute");

TEST_CASE("modes, buffers and random numbers are put back; parameters are not its business") {
  afd_test::Probe network;
  network->norm->eval();
  const auto mean = network->norm->running_mean.clone();
  torch::manual_seed(1);
  {
    const afd::detail::Undisturbed undisturbed(*network);
    CHECK_FALSE(network->is_training());
    network->norm->running_mean.fill_(7);
    static_cast<void>(torch::randn({4}));
    network->train();
  }
  CHECK(network->is_training());
  CHECK_FALSE(network->norm->is_training());
  CHECK(torch::equal(network->norm->running_mean, mean));
  const torch::Tensor drawn = torch::randn({4});
  torch::manual_seed(1);
  CHECK(torch::equal(drawn, torch::randn({4})));
  CHECK(afd::detail::devices_of(*network).size() == network->parameters().size());
}

TEST_SUITE_END();
