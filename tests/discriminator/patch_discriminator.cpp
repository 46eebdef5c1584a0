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
  afd_test::check_discriminator(Policy{.width = 8});
}

TEST_CASE("there is one score per place, seeing 5x5 places and no more") {
  torch::manual_seed(1);
  auto module = afd::PatchDiscriminator{.width = 4}.make({3, 9, 8});
  module->eval();
  torch::Tensor map = torch::randn({2, 3, 9, 8}).requires_grad_();
  const torch::Tensor scores = module->forward(map);
  REQUIRE(scores.sizes() == torch::IntArrayRef({2, 1, 9, 8}));

  scores[0][0][4][3].backward();
  const torch::Tensor seen = map.grad().abs().sum(1) > 0;  // [N, H, W]
  CHECK(seen[0].slice(0, 2, 7).slice(1, 1, 6).all().item<bool>());
  CHECK(seen.sum().item<int>() == 25);
}

TEST_CASE("a checkpoint's keys of patch discriminators") {
  CHECK(afd_test::state_names(*afd::PatchDiscriminator{}.make({2, 4, 4})) ==
        std::vector<std::string>{"conv.weight", "norm.weight", "norm.bias", "score.weight", "score.bias",
                                 "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"});
}

TEST_CASE("a patch discriminator needs a hidden channel") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::PatchDiscriminator{.width = -1}.make({2, 4, 4})),
                       doctest::Contains("PatchDiscriminator: width"), afd::ConfigError);
}

TEST_SUITE_END();
