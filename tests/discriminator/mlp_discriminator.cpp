// SPDX-License-Identifier: MIT
#include <afd/discriminator/mlp_discriminator.hpp>

#include <string>
#include <vector>

#include <torch/types.h>

#include "discriminator/conformance.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

using torch::Tensor;

TEST_CASE_TEMPLATE("MLP discriminators conform", Policy, afd::MlpDiscriminator, afd::SpectralMlpDiscriminator,
                   afd::BasicMlpDiscriminator<afd::BatchNormalised>) {
  afd_test::check_discriminator(Policy{.width = 8});
}

TEST_CASE("MlpDiscriminator is pooling - Linear - LeakyReLU - Linear") {
  torch::manual_seed(1);
  auto module = afd::MlpDiscriminator{.width = 6, .negative_slope = 0.3}.make({3, {4, 2}});
  const Tensor map = torch::randn({5, 3, 4, 2});
  const auto p = module->named_parameters();
  const Tensor hidden = torch::mm(map.sum(3).sum(2) / 8, p["hidden.weight"].t()) + p["hidden.bias"];
  const Tensor active = torch::where(hidden > 0, hidden, 0.3 * hidden);
  const Tensor expected = torch::mv(active, p["score.weight"][0]) + p["score.bias"];
  const Tensor scores = module->forward(map);
  CHECK(scores.sizes() == torch::IntArrayRef({5}));
  CHECK(torch::allclose(scores, expected, 1e-5, 1e-6));
}

TEST_CASE("MlpDiscriminator is blind to where features are") {
  torch::manual_seed(2);
  auto module = afd::MlpDiscriminator{}.make({3, {4, 4}});
  const Tensor map = torch::randn({5, 3, 4, 4});
  CHECK(torch::allclose(module->forward(map), module->forward(map.flip({2, 3})), 1e-5, 1e-6));
}

TEST_CASE("the spectral MLP's scores change no faster than the pooled map does") {
  torch::manual_seed(3);
  const torch::NoGradGuard no_grad;
  auto module = afd::SpectralMlpDiscriminator{.width = 16}.make({8, {}});
  for (Tensor parameter : module->parameters()) parameter.mul_(20);
  for (int i = 0; i < 300; ++i) module->forward(torch::zeros({2, 8}));
  module->eval();
  const Tensor a = torch::randn({64, 8});
  const Tensor b = torch::randn({64, 8});
  const Tensor slope = (module->forward(a) - module->forward(b)).abs() / (a - b).norm(2, 1);
  CHECK(slope.max().item<double>() < 1.0 + 1e-5);
  CHECK(slope.max().item<double>() > 0.05);  // bounded, not dead
}

TEST_CASE("all that a score of an MLP depends on is the mean over places") {
  for (const afd::FeatureShape& shape : {afd::FeatureShape{3, {4}}, {3, {4, 2}}, {3, {2, 3, 4}}}) {
    CAPTURE(shape);
    torch::manual_seed(2);
    auto module = afd::MlpDiscriminator{}.make(shape);
    torch::manual_seed(2);
    auto of_vectors = afd::MlpDiscriminator{}.make({3, {}});
    const Tensor features = torch::randn(shape.sizes(5));
    CHECK(torch::allclose(module->forward(features), of_vectors->forward(features.flatten(2).mean(2)), 1e-5, 1e-6));
  }
}

TEST_CASE("a checkpoint's keys of MLP discriminators") {
  CHECK(afd_test::state_names(*afd::MlpDiscriminator{}.make({2, {4, 4}})) ==
        std::vector<std::string>{"hidden.weight", "hidden.bias", "score.weight", "score.bias"});
  CHECK(afd_test::state_names(*afd::SpectralMlpDiscriminator{}.make({2, {4, 4}})) ==
        std::vector<std::string>{"hidden.weight", "hidden.bias", "score.weight", "score.bias", "hidden.u", "score.u"});
}

TEST_CASE("an MLP discriminator needs a hidden feature") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::MlpDiscriminator{.width = 0}.make({2, {4, 4}})),
                       doctest::Contains("MlpDiscriminator: width"), afd::ConfigError);
}

TEST_SUITE_END();
