// SPDX-License-Identifier: MIT
#include <afd/step/placement.hpp>
//
#include <tuple>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/plan/plan.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::Probe;
using Plan = afd::detail::Plan<afd::topology::OneWay, afd::DeepMutualLearning, afd::Frozen<Probe>, Probe>;

TEST_CASE("networks on the CPU are on one device; what is said of others is tested in tests/pretend") {
  const auto networks = std::tuple{afd::frozen(Probe()), Probe()};
  CHECK(afd::detail::device_of<Plan>(networks) == torch::Device(torch::kCPU));
}

TEST_CASE("a parameter that was converted or laid out otherwise is told with its owner") {
  torch::Tensor kernel = torch::randn({4, 3, 3, 3});
  afd::detail::Placement placement;
  placement.add("network 0", {torch::ones({2})});
  placement.add("network 1", {kernel});
  CHECK_NOTHROW(placement.require_unchanged());
  const torch::Tensor given = kernel.detach();
  const auto refuses = [&](const torch::Tensor& now, const char* says) {
    kernel.set_data(now);
    CHECK_THROWS_WITH_AS(placement.require_unchanged(), doctest::Contains(says), afd::ConfigError);
    kernel.set_data(given);
    CHECK_NOTHROW(placement.require_unchanged());
  };
  refuses(given.to(torch::kDouble),
          "network 1 has changed since its optimizers were made: a parameter was Float [4, 3, 3, 3] on cpu");
  refuses(given.to(torch::kDouble), "and is Double [4, 3, 3, 3] on cpu");
  refuses(torch::cat({given, given}), "and is Float [8, 3, 3, 3] on cpu");  // with the strides that it had
  refuses(given.contiguous(torch::MemoryFormat::ChannelsLast), "with [27, 1, 9, 3]");
  kernel.set_data(given.clone());  // other memory, but as it was
  CHECK_NOTHROW(placement.require_unchanged());
}

TEST_CASE("a step refuses networks that have changed, and has changed nothing itself") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const afd::Batch batch = afd_test::tiny_batch();
  distiller.step(batch);
  b->to(torch::kFloat);
  const auto before = afd_test::state_of(*a);
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 1 has changed"), afd::ConfigError);
  CHECK(afd_test::same_state(*a, before));
  b->to(torch::kDouble);
  CHECK_NOTHROW(distiller.step(batch));
  // Momentum lies in the order of memory: a layout that changes under it would mix it up.
  afd::detail::to_channels_last(*a);
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 0 has changed"), afd::ConfigError);
}

TEST_SUITE_END();
