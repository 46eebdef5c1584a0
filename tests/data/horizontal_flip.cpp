// SPDX-License-Identifier: MIT
#include <afd/data/horizontal_flip.hpp>
//
#include <cstdint>
#include <limits>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CounterRng;
using afd::HorizontalFlip;

TEST_CASE("HorizontalFlip mirrors exactly the images whose number is below the probability") {
  torch::manual_seed(2);
  const torch::Tensor bytes = torch::randint(0, 256, {50, 3, 4, 7}, torch::kUInt8);
  for (const torch::Tensor& images : {bytes, bytes.to(torch::kFloat32), bytes.transpose(2, 3)}) {
    const CounterRng rng(5, 1, 64);
    const torch::Tensor result = HorizontalFlip{0.3}(images, rng);
    CHECK(result.dtype() == images.dtype());
    int flipped = 0;
    for (std::int64_t i = 0; i < images.size(0); ++i) {
      const bool flip = rng.unit(i) < 0.3;
      flipped += flip ? 1 : 0;
      CHECK(result[i].equal(flip ? images[i].flip({2}) : images[i]));
    }
    CHECK(flipped > 5);
    CHECK(flipped < 30);
  }
}

TEST_CASE("HorizontalFlip leaves its input as it was, and honours 0 and 1") {
  const torch::Tensor images = torch::arange(24, torch::kUInt8).view({2, 1, 3, 4});
  const torch::Tensor before = images.clone();
  CHECK(HorizontalFlip{1}(images, CounterRng(0, 0)).equal(images.flip({3})));
  CHECK(images.equal(before));
  CHECK(HorizontalFlip{0}(images, CounterRng(0, 0)).equal(images));
}

TEST_CASE("HorizontalFlip flips half of the images unless told otherwise") {
  torch::Tensor images = torch::zeros({10'000, 1, 1, 2});
  images.select(3, 0).fill_(1);
  const double flipped = HorizontalFlip{}(images, CounterRng(9, 0)).select(3, 1).sum().item<double>();
  CHECK(flipped > 4'850);
  CHECK(flipped < 5'150);
}

TEST_CASE("HorizontalFlip names a wrong probability or shape") {
  const auto flip = [](double probability, const torch::Tensor& images) {
    static_cast<void>(HorizontalFlip{probability}(images, CounterRng(0, 0)));
  };
  const torch::Tensor images = torch::zeros({1, 1, 2, 2});
  CHECK_THROWS_WITH_AS(flip(1.5, images), doctest::Contains("1.5"), afd::ConfigError);
  CHECK_THROWS_AS(flip(-0.1, images), afd::ConfigError);
  CHECK_THROWS_AS(flip(std::numeric_limits<double>::quiet_NaN(), images), afd::ConfigError);
  CHECK_THROWS_WITH_AS(flip(0.5, torch::zeros({4, 9})), doctest::Contains("[4, 9]"), afd::DataError);
}

TEST_SUITE_END();
