// SPDX-License-Identifier: MIT
#include <afd/data/rgb_image.hpp>
//
#include <cstdint>
#include <utility>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::RgbImage;

TEST_CASE("a box is cut out, pixel by pixel") {
  RgbImage image{4, 3, {}};
  for (std::uint8_t i = 0; i < 4 * 3 * 3; ++i) image.pixels.push_back(i);
  const RgbImage part = afd::cropped(image, {1, 1, 2, 2});
  CHECK(part.width == 2);
  CHECK(part.height == 2);
  CHECK(part.pixels == Bytes{15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32});
  CHECK(afd::cropped(image, {0, 0, 4, 3}).pixels == image.pixels);
}

TEST_CASE("a box that is not inside the image is refused") {
  const RgbImage image{4, 2, Bytes(4 * 2 * 3)};
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::cropped(image, {3, 0, 2, 2})), doctest::Contains("4 x 2"),
                       afd::DataError);
  CHECK_THROWS_AS(static_cast<void>(afd::cropped(image, {0, 0, 0, 2})), afd::DataError);
  CHECK_THROWS_AS(static_cast<void>(afd::cropped(image, {0, -1, 2, 2})), afd::DataError);
}

TEST_CASE("sizes that no photograph has are refused, those that overflow included") {
  CHECK_NOTHROW(afd::detail::check_image_size(10'000, 10'000, "x"));
  for (const auto& [width, height] :
       {std::pair<std::int64_t, std::int64_t>{10'000, 10'001}, {0, 5}, {5, 0}, {-1, -1}}) {
    CHECK_THROWS_AS(afd::detail::check_image_size(width, height, "x"), afd::FormatError);
  }
  CHECK_THROWS_WITH_AS(afd::detail::check_image_size(INT64_MAX, INT64_MAX, "big.png"), doctest::Contains("big.png"),
                       afd::FormatError);
}

TEST_SUITE_END();
