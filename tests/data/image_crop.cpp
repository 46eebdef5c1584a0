// SPDX-License-Identifier: MIT
#include <afd/data/image_crop.hpp>
//
#include <algorithm>
#include <cmath>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CenterCrop;
using afd::CounterRng;
using afd::CropBox;
using afd::RandomResizedCrop;

TEST_CASE("the centre crop is what resizing the shorter side and cutting the middle gives") {
  const CounterRng rng(1, 0);
  // 512 x 384 with the shorter side at 256: a square of 224 there is one of 336 here.
  CHECK(CenterCrop{.side = 224, .resize = 256}.box(512, 384, rng, 0) == CropBox{88, 24, 336, 336});
  CHECK(CenterCrop{.side = 32, .resize = 32}.box(40, 60, rng, 0) == CropBox{0, 10, 40, 40});
  CHECK(CenterCrop{.side = 224, .resize = 256}.box(1, 1, rng, 0) == CropBox{0, 0, 1, 1});
}

TEST_CASE("random boxes lie inside the image, with areas and aspects as asked for") {
  const RandomResizedCrop crop{.side = 8, .least_area = 0.25, .most_aspect = 2};
  const CounterRng rng(3, 1);
  double least = 1, most = 0, left = 0;
  for (std::int64_t sample = 0; sample < 2000; ++sample) {
    const CropBox box = crop.box(200, 150, rng, sample);
    REQUIRE(box.left >= 0);
    REQUIRE(box.top >= 0);
    REQUIRE(box.left + box.width <= 200);
    REQUIRE(box.top + box.height <= 150);
    const double area = static_cast<double>(box.width * box.height) / (200 * 150);
    const double aspect = static_cast<double>(box.width) / static_cast<double>(box.height);
    CHECK(area > 0.24);
    CHECK(aspect < 2.05);
    CHECK(aspect > 1 / 2.05);
    least = std::min(least, area);
    most = std::max(most, area);
    left += static_cast<double>(box.left) / static_cast<double>(200 - box.width + 1) / 2000;
  }
  CHECK(least < 0.27);
  CHECK(most > 0.9);
  CHECK(left == doctest::Approx(0.5).epsilon(0.05));
}

TEST_CASE("a sample's box is its own, and the same each time") {
  const RandomResizedCrop crop;
  const CounterRng epoch(3, 1), other_epoch(3, 2), from_ten(3, 1, 10);
  CHECK(crop.box(300, 200, epoch, 10) == crop.box(300, 200, epoch, 10));
  CHECK(crop.box(300, 200, epoch, 10) == crop.box(300, 200, from_ten, 0));
  CHECK_FALSE(crop.box(300, 200, epoch, 10) == crop.box(300, 200, epoch, 11));
  CHECK_FALSE(crop.box(300, 200, epoch, 10) == crop.box(300, 200, other_epoch, 10));
}

TEST_CASE("an image that no box fits gives the largest in its middle") {
  const RandomResizedCrop crop{.side = 8, .least_area = 1, .most_aspect = 1.5};
  CHECK(crop.box(1000, 10, CounterRng(1, 0), 0) == CropBox{492, 0, 15, 10});
  CHECK(crop.box(1, 1, CounterRng(1, 0), 0) == CropBox{0, 0, 1, 1});
}

TEST_CASE("values that cannot work are refused") {
  CHECK_THROWS_WITH_AS((CenterCrop{.side = 300, .resize = 256}.validate()), doctest::Contains("side is 300"),
                       afd::ConfigError);
  CHECK_THROWS_AS((RandomResizedCrop{.side = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((RandomResizedCrop{.least_area = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((RandomResizedCrop{.least_area = 1.1}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((RandomResizedCrop{.most_aspect = 0.9}.validate()), afd::ConfigError);
  CHECK_NOTHROW(RandomResizedCrop{}.validate());
}

TEST_SUITE_END();
