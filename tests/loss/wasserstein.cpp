// SPDX-License-Identifier: MIT
#include <afd/loss/wasserstein.hpp>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

static_assert(afd::GanLoss<afd::Wasserstein> && afd::Wasserstein::name == "wasserstein");

TEST_CASE("a critic is paid for the difference of its means, the generator for its own") {
  const torch::Tensor real = torch::tensor({1.0, 2.0, 6.0}), fake = torch::tensor({{-1.0, 0.0}, {2.0, 7.0}});
  const afd::Wasserstein wasserstein;
  CHECK(wasserstein.discriminator(real, fake).item<double>() == 2.0 - 3.0);
  CHECK(wasserstein.generator(fake).item<double>() == -2.0);
}

TEST_SUITE_END();
