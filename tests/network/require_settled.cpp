// SPDX-License-Identifier: MIT
#include <afd/network/require_settled.hpp>
//
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include <afd/network/cached.hpp>
#include <afd/network/ema.hpp>
#include <afd/network/outputs.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd::detail::require_settled;
using torch::Tensor;

namespace {

/// Holds its parts as members, registered or not.
struct Wrapper : torch::nn::Module {
  explicit Wrapper(bool registers) {
    register_module("first", first);
    if (!registers) return;
    register_module("norm", norm);
    register_module("drop", drop);
  }
  Tensor forward(const Tensor& inputs) {
    Tensor x = first->forward(inputs);
    if (normalises) x = norm->forward(x);
    return drops ? drop->forward(x) : x;
  }
  torch::nn::Linear first{3, 4};
  torch::nn::BatchNorm1d norm{4};
  torch::nn::Dropout drop{0.1};
  bool normalises = false, drops = false;
};

/// Functional dropout that is always on.
struct AlwaysDropping : torch::nn::Module {
  afd::Outputs forward(const Tensor& inputs) { return {inputs, torch::dropout(inputs, 0.2, /*train=*/true)}; }
};

/// Made for batches of one size, and for others.
struct OfSix : torch::nn::Module {
  Tensor forward(const Tensor& inputs) { return inputs.view({6, -1}).cumsum(0); }
};

/// Each sample by itself, and a number of the batch.
struct WithSum : torch::nn::Module {
  std::tuple<Tensor, Tensor> forward(const std::vector<Tensor>& images) {
    std::vector<Tensor> means;
    for (const Tensor& image : images) means.push_back(image.mean().view({1}));
    return {torch::cat(means).sum(), torch::stack(means)};
  }
};

struct Masked : torch::nn::Module {
  Tensor forward(const Tensor& inputs, const Tensor& mask) { return inputs.matmul(mask); }
};

}  // namespace

TEST_CASE("networks that follow eval() are settled, whatever they take and return") {
  torch::manual_seed(0);
  Wrapper good(true);
  good.normalises = good.drops = true;
  CHECK_FALSE(require_settled(afd::frozen(good), torch::randn({6, 3}), "network 1").has_value());
  auto net = afd::resnet8(4, 1);
  const Tensor images = torch::randn({7, 1, 8, 8});
  CHECK_FALSE(require_settled(afd::frozen(net), images, "network 0").has_value());
  CHECK_FALSE(require_settled(afd::ema(net), images, "network 0").has_value());
  WithSum of_list;
  CHECK_FALSE(
      require_settled(afd::frozen(of_list), std::vector<Tensor>(4, torch::randn({2, 3})), "network 0").has_value());
  Masked masked;
  CHECK_FALSE(require_settled(afd::frozen(masked), std::tuple{torch::randn({4, 3}), torch::randn({3, 3})}, "network 0")
                  .has_value());
  CHECK_FALSE(
      require_settled(afd::Cached(), afd::CachedOutputs<Tensor>(torch::randn({4, 3}), 4), "network 0").has_value());
  net->to(torch::kBFloat16);
  CHECK_FALSE(require_settled(afd::frozen(net), images, "network 0").has_value());
}

TEST_CASE("dropout that does not follow is an error with the network's name and the ways out") {
  torch::manual_seed(0);
  Wrapper hidden(false);
  hidden.drops = true;
  const auto teacher = afd::frozen(hidden);
  const Tensor inputs = torch::randn({6, 3});
  CHECK_THROWS_WITH_AS(static_cast<void>(require_settled(teacher, inputs, "network 1")),
                       doctest::Contains("network 1 is frozen, but gives two different outputs"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(static_cast<void>(require_settled(teacher, inputs, "network 1")),
                       doctest::Contains("register_module"), afd::ConfigError);
  AlwaysDropping dropping;
  CHECK_THROWS_AS(static_cast<void>(require_settled(afd::frozen(dropping), inputs, "network 0")), afd::ConfigError);
  // One sample is enough for that.
  CHECK_THROWS_AS(static_cast<void>(require_settled(afd::frozen(dropping), torch::ones({1, 64}), "network 0")),
                  afd::ConfigError);
}

TEST_CASE("statistics of the batch inside are worth a sentence, unless they are asked for") {
  torch::manual_seed(0);
  Wrapper hidden(false);
  hidden.normalises = true;
  const Tensor inputs = torch::randn({6, 3});
  const auto sentence = require_settled(afd::frozen(hidden), inputs, "network 1");
  REQUIRE(sentence.has_value());
  CHECK(sentence->find("network 1 is frozen, but what it says of a sample depends on the other samples") == 0);
  Wrapper shown(true);
  shown.normalises = true;
  const auto of_batch = afd::frozen(shown, {.statistics = afd::Statistics::of_batch});
  CHECK_FALSE(require_settled(of_batch, inputs, "network 1").has_value());
  const auto run_it = [&](const Tensor& given) { return afd::run(of_batch, given); };
  CHECK(require_settled(run_it(inputs), run_it, inputs, "network 1").has_value());
}

TEST_CASE("what cannot be run on half of a batch, or has no rows, is not looked at further") {
  OfSix fixed;
  CHECK_FALSE(require_settled(afd::frozen(fixed), torch::randn({6, 5}), "network 0").has_value());
  CHECK_FALSE(afd::detail::has_rows_of_samples(std::tuple{torch::ones({4, 3}), torch::ones({3, 3})}, 4));
  CHECK(afd::detail::has_rows_of_samples(std::tuple{torch::ones({4, 3}), torch::ones({4})}, 4));
  CHECK_FALSE(afd::detail::has_rows_of_samples(Tensor(), 0));
  const auto throws = [](const Tensor&) -> Tensor { throw afd::OutOfMemoryError("full"); };
  CHECK_THROWS_AS(static_cast<void>(afd::detail::run_if_possible(throws, Tensor(), "network 0")),
                  afd::OutOfMemoryError);
}

TEST_SUITE_END();
