// SPDX-License-Identifier: MIT
#include <afd/data/sample_mix.hpp>
//
#include <limits>
#include <tuple>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CounterRng;
using afd::detail::draw_mix;
using afd::detail::SampleMix;

TEST_CASE("a blend takes its share of each row, and the rest of the row's partner") {
  const torch::Tensor rows = torch::tensor({{1., 10.}, {2., 20.}, {3., 30.}}, torch::kFloat64);
  const SampleMix mix{.share = 0.75, .partners = torch::tensor({1, 2, 0}, torch::kInt64)};
  const torch::Tensor expected = torch::tensor({{1.25, 12.5}, {2.25, 22.5}, {2.5, 25.}}, torch::kFloat64);
  CHECK(mix.blend(rows).equal(expected));
  CHECK(rows[0][0].item<double>() == 1);
}

TEST_CASE("share and partners follow from the seed, the epoch and the place of the batch") {
  const SampleMix mix = draw_mix(0.5, 20, CounterRng(1, 2, 40), "Mixup");
  const SampleMix again = draw_mix(0.5, 20, CounterRng(1, 2, 40), "Mixup");
  CHECK(mix.share == again.share);
  CHECK(mix.partners.equal(again.partners));
  CHECK(std::get<0>(mix.partners.sort()).equal(torch::arange(20)));
  for (const CounterRng& other : {CounterRng(2, 2, 40), CounterRng(1, 3, 40), CounterRng(1, 2, 60)}) {
    const SampleMix different = draw_mix(0.5, 20, other, "Mixup");
    CHECK(different.share != mix.share);
    CHECK_FALSE(different.partners.equal(mix.partners));
  }
}

TEST_CASE("an alpha that is no shape of a beta distribution is refused") {
  const auto draw = [](double alpha) { static_cast<void>(draw_mix(alpha, 4, CounterRng(0, 0), "CutMix")); };
  CHECK_THROWS_WITH_AS(draw(0), doctest::Contains("CutMix's alpha is 0"), afd::ConfigError);
  CHECK_THROWS_AS(draw(-1), afd::ConfigError);
  CHECK_THROWS_AS(draw(std::numeric_limits<double>::infinity()), afd::ConfigError);
  CHECK_THROWS_AS(draw(std::numeric_limits<double>::quiet_NaN()), afd::ConfigError);
}

TEST_SUITE_END();
