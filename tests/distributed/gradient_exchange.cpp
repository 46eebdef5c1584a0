// SPDX-License-Identifier: MIT
#include <afd/distributed/gradient_exchange.hpp>
//
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("distributed");

using afd::detail::GradientExchange;
using torch::Tensor;

TEST_CASE("what one process gives comes back: gradients as their parameters lie, losses, statistics; from any bucket") {
  afd::World world({.launch = {}});
  for (const std::int64_t bytes : {1, 100, 1 << 20}) {
    GradientExchange exchange(world, {.bucket_bytes = bytes});
    const std::vector<Tensor> parameters{torch::randn({3, 4}),
                                         torch::randn({2, 3, 2, 2}).contiguous(torch::MemoryFormat::ChannelsLast),
                                         torch::randn({}), torch::randn({5})};
    exchange.begin({}, parameters, {});
    for (int step = 0; step < 3; ++step) {
      std::vector<Tensor> first, second, before;
      for (const Tensor& parameter : parameters) {
        first.push_back(torch::randn(parameter.sizes()));
        second.push_back(torch::randn(parameter.sizes()));
      }
      first[2].reset();  // no loss reaches it
      for (const Tensor& gradient : first) before.push_back(gradient.defined() ? gradient.clone() : Tensor());
      const Tensor of_second = second[3].clone(), statistics = torch::randn({4});
      exchange.begin_step(step == 1 ? 2 : 0);
      exchange.add(first, parameters, 7);
      exchange.add(second, parameters, 3);
      exchange.watch(torch::tensor(step == 2 ? INFINITY : 1.0));
      const std::array<Tensor, 3> losses{torch::tensor(2.5), Tensor(), torch::tensor(-1.0, torch::kFloat64)};
      const auto shared = exchange.finish(losses, 7, {statistics});
      CHECK(shared[0].item<double>() == doctest::Approx(2.5));
      CHECK_FALSE(shared[1].defined());
      CHECK((shared[2].scalar_type() == torch::kFloat64));
      for (std::size_t i = 0; i < first.size(); ++i) {
        CHECK(first[i].defined() == before[i].defined());
        if (!before[i].defined()) continue;
        CHECK(torch::allclose(first[i], before[i]));
        CHECK(first[i].strides() == parameters[i].strides());
      }
      CHECK(torch::allclose(second[3], of_second));
      CHECK(exchange.agreed_stop() == (step == 1 ? 2 : 0));
      if (step == 2) {
        CHECK_THROWS_AS(exchange.require_finite(), afd::NonFiniteError);
      } else {
        CHECK_NOTHROW(exchange.require_finite());
      }
      const Tensor copy = statistics.clone();
      exchange.settle_statistics();
      CHECK(torch::allclose(statistics, copy));
    }
  }
}

TEST_CASE("norms that cannot share are refused by name") {
  afd::World world({.launch = {}});
  GradientExchange exchange(world, {.norms = afd::Norms::synchronised});
  CHECK_THROWS_WITH_AS(exchange.begin({}, {}, {.plain = {"network 1/bn"}}),
                       doctest::Contains("network 1/bn is a BatchNorm of LibTorch"), afd::ConfigError);
  afd::SyncBatchNorm1d norm(2);
  exchange.begin({}, {}, {.sync = {norm.get()}});
  CHECK(norm->processes());
}

TEST_SUITE_END();
