// SPDX-License-Identifier: MIT
#include <afd/discriminator/conv_discriminator.hpp>

#include <string>
#include <vector>

#include <torch/types.h>

#include "discriminator/conformance.hpp"
#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

namespace {

using torch::Tensor;

/// Input and parameters against finite differences. Spectral layers move u in training: eval for those.
template <class Policy>
double gradient_error(const Policy& policy, bool training) {
  torch::manual_seed(3);
  auto module = policy.make({2, 4, 5});
  module->to(torch::kDouble);
  module->train(training);
  std::vector<Tensor> inputs = module->parameters();
  inputs.push_back(torch::randn({3, 2, 4, 5}, torch::kDouble));
  const auto loss = [&](const std::vector<Tensor>& t) { return module->forward(t.back()).square().mean(); };
  return afd_test::max_gradient_error(loss, inputs);
}

}  // namespace

TEST_CASE_TEMPLATE("conv discriminators conform", Policy, afd::ConvDiscriminator, afd::SpectralConvDiscriminator,
                   afd::BasicConvDiscriminator<afd::Unnormalised>) {
  afd_test::check_discriminator(Policy{.width = 8});
}

TEST_CASE("ConvDiscriminator is Conv - BatchNorm - LeakyReLU - Conv, one score per sample") {
  torch::manual_seed(1);
  auto module = afd::ConvDiscriminator{.width = 6, .negative_slope = 0.3}.make({3, 8, 7});
  const Tensor map = torch::randn({5, 3, 8, 7});
  const auto p = module->named_parameters();
  CHECK(p["conv.weight"].sizes() == torch::IntArrayRef({6, 3, 3, 3}));
  CHECK(p["score.weight"].sizes() == torch::IntArrayRef({1, 6, 4, 4}));

  const Tensor hidden = torch::conv2d(map, p["conv.weight"], Tensor(), 2, 1);
  const Tensor channels = hidden.transpose(0, 1).flatten(1);
  const Tensor mean = channels.mean(1).view({1, 6, 1, 1});
  const Tensor variance = (hidden - mean).square().transpose(0, 1).flatten(1).mean(1).view({1, 6, 1, 1});
  const Tensor normed = (hidden - mean) / (variance + 1e-5).sqrt();  // scale 1 and shift 0 at the start
  const Tensor active = torch::where(normed > 0, normed, 0.3 * normed);
  const Tensor expected = (active * p["score.weight"]).flatten(1).sum(1) + p["score.bias"];

  const Tensor scores = module->forward(map);
  CHECK(scores.sizes() == torch::IntArrayRef({5}));
  CHECK(torch::allclose(scores, expected, 1e-4, 1e-5));
}

TEST_CASE("the stride is 2, and 1 where a side of the map is below 4") {
  const auto remaining = [](afd::MapShape shape) {
    auto module = afd::ConvDiscriminator{.width = 4}.make(shape);
    const Tensor weight = module->named_parameters()["score.weight"];
    return std::vector<std::int64_t>{weight.size(2), weight.size(3)};
  };
  CHECK(remaining({2, 4, 4}) == std::vector<std::int64_t>{2, 2});
  CHECK(remaining({2, 8, 7}) == std::vector<std::int64_t>{4, 4});
  CHECK(remaining({2, 3, 3}) == std::vector<std::int64_t>{3, 3});
  CHECK(remaining({2, 3, 9}) == std::vector<std::int64_t>{3, 9});
}

TEST_CASE("conv discriminators' gradients match finite differences") {
  CHECK(gradient_error(afd::ConvDiscriminator{.width = 3}, true) < 1e-7);
  CHECK(gradient_error(afd::ConvDiscriminator{.width = 3}, false) < 1e-7);
  CHECK(gradient_error(afd::SpectralConvDiscriminator{.width = 3}, false) < 1e-7);
  CHECK(gradient_error(afd::BasicConvDiscriminator<afd::Unnormalised>{.width = 3}, true) < 1e-7);
}

TEST_CASE("a checkpoint's keys of conv discriminators") {
  CHECK(afd_test::state_names(*afd::ConvDiscriminator{}.make({2, 4, 4})) ==
        std::vector<std::string>{"conv.weight", "norm.weight", "norm.bias", "score.weight", "score.bias",
                                 "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"});
  CHECK(afd_test::state_names(*afd::SpectralConvDiscriminator{}.make({2, 4, 4})) ==
        std::vector<std::string>{"conv.weight", "conv.bias", "score.weight", "score.bias", "conv.u", "score.u"});
}

TEST_CASE("a conv discriminator needs a hidden channel") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::ConvDiscriminator{.width = 0}.make({2, 4, 4})),
                       doctest::Contains("ConvDiscriminator: width"), afd::ConfigError);
}

TEST_SUITE_END();
