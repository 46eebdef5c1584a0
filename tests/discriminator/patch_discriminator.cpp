// SPDX-License-Identifier: MIT
#include <afd/discriminator/patch_discriminator.hpp>

#include <string>
#include <vector>

#include <torch/types.h>

#include "discriminator/conformance.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

TEST_CASE_TEMPLATE("patch discriminators conform", Policy, afd::PatchDiscriminator, afd::SpectralPatchDiscriminator,
                   afd::BasicPatchDiscriminator<afd::Unnormalised>) {
  afd_test::check_flat_discriminator(Policy{.width = 8});
}

TEST_CASE_TEMPLATE("volumes' patch discriminators conform", Policy, afd::VolumePatchDiscriminator,
                   afd::SpectralVolumePatchDiscriminator) {
  afd_test::check_volume_discriminator(Policy{.width = 8});
}

TEST_CASE("volumes have a patch discriminator of their own, and each names the other") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::PatchDiscriminator{}.make({3, {2, 4, 5}})),
                       doctest::Contains("use afd::VolumePatchDiscriminator"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::VolumePatchDiscriminator{}.make({3, {4, 5}})),
                       doctest::Contains("use afd::PatchDiscriminator"), afd::ShapeError);
}

TEST_CASE("there is one score per place, seeing 5x5 places and no more") {
  torch::manual_seed(1);
  auto module = afd::PatchDiscriminator{.width = 4}.make({3, {9, 8}});
  module->eval();
  torch::Tensor map = torch::randn({2, 3, 9, 8}).requires_grad_();
  const torch::Tensor scores = module->forward(map);
  REQUIRE(scores.sizes() == torch::IntArrayRef({2, 1, 9, 8}));

  scores[0][0][4][3].backward();
  const torch::Tensor seen = map.grad().abs().sum(1) > 0;  // [N, H, W]
  CHECK(seen[0].slice(0, 2, 7).slice(1, 1, 6).all().item<bool>());
  CHECK(seen.sum().item<int>() == 25);
}

TEST_CASE("vectors, sequences and volumes have a score per place, too") {
  const auto scores = [](const afd::FeatureShape& shape) {
    const torch::Tensor features = torch::randn(shape.sizes(2));
    return shape.rank == 3 ? afd::VolumePatchDiscriminator{.width = 4}.make(shape)->forward(features).sizes().vec()
                           : afd::PatchDiscriminator{.width = 4}.make(shape)->forward(features).sizes().vec();
  };
  using Sizes = std::vector<std::int64_t>;
  CHECK(scores({3, {}}) == Sizes{2, 1});
  CHECK(scores({3, {7}}) == Sizes{2, 1, 7});
  CHECK(scores({3, {1, 7}}) == Sizes{2, 1, 1, 7});
  CHECK(scores({3, {4, 1, 7}}) == Sizes{2, 1, 4, 1, 7});

  torch::manual_seed(1);
  auto module = afd::PatchDiscriminator{.width = 4}.make({3, {9}});
  module->eval();
  const torch::Tensor sequence = torch::randn({2, 3, 9}).requires_grad_();
  module->forward(sequence)[0][0][4].backward();
  const torch::Tensor seen = sequence.grad().abs().sum(1) > 0;  // [N, L]
  CHECK(seen[0].slice(0, 2, 7).all().item<bool>());
  CHECK(seen.sum().item<int>() == 5);
}

TEST_CASE("volumes' scores are those of 3-D convolutions") {
  torch::manual_seed(1);
  auto module =
      afd::BasicPatchDiscriminator<afd::Unnormalised, 3>{.width = 4, .negative_slope = 0.3}.make({3, {4, 1, 7}});
  const auto p = module->named_parameters();
  const torch::Tensor volume = torch::randn({2, 3, 4, 1, 7});
  const std::vector<std::int64_t> padding = {1, 0, 1};
  const torch::Tensor hidden = torch::conv3d(volume, p["conv.weight"], p["conv.bias"], 1, padding);
  const torch::Tensor expected =
      torch::conv3d(torch::leaky_relu(hidden, 0.3), p["score.weight"], p["score.bias"], 1, padding);
  CHECK(torch::allclose(module->forward(volume), expected, 1e-5, 1e-6));
}

TEST_CASE("a checkpoint's keys of patch discriminators") {
  CHECK(afd_test::state_names(*afd::PatchDiscriminator{}.make({2, {4, 4}})) ==
        std::vector<std::string>{"conv.weight", "norm.weight", "norm.bias", "score.weight", "score.bias",
                                 "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"});
}

TEST_CASE("a patch discriminator needs a hidden channel") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::PatchDiscriminator{.width = -1}.make({2, {4, 4}})),
                       doctest::Contains("PatchDiscriminator: width"), afd::ConfigError);
}

TEST_SUITE_END();
