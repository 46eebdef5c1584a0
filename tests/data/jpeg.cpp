// SPDX-License-Identifier: MIT
#include <afd/data/jpeg.hpp>
//
#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <utility>

#include "support/doctest.hpp"
#include "support/write_image.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::RgbImage;

namespace {

bool is_near(const RgbImage& image, const std::array<int, 3>& colour) {
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    if (std::abs(image.pixels[i] - colour[i % 3]) > 3) return false;
  }
  return image.pixels.size() == static_cast<std::size_t>(image.width * image.height * 3);
}

/// Where a marker begins.
std::ptrdiff_t place(const Bytes& jpeg, std::uint8_t marker) {
  const std::array<std::uint8_t, 2> wanted{0xff, marker};
  return std::search(jpeg.begin(), jpeg.end(), wanted.begin(), wanted.end()) - jpeg.begin();
}

}  // namespace

TEST_CASE("a JPEG's pixels come near, whatever its sampling, progressive or not") {
  const Bytes pixels = afd_test::plain_pixels(16 * 8, 200, 100, 50);
  for (const int subsampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_411}) {
    for (const int flags : {0, TJFLAG_PROGRESSIVE}) {
      const RgbImage image = afd::decode_jpeg(afd_test::jpeg_of(16, 8, 3, pixels, subsampling, flags), "x");
      CHECK(image.width == 16);
      CHECK(image.height == 8);
      CHECK(is_near(image, {200, 100, 50}));
    }
  }
}

TEST_CASE("a sampling that libjpeg-turbo has no name for is decoded, too") {
  // Chroma every fourth column, relabelled as every fourth row: the blocks come in the same order.
  Bytes jpeg = afd_test::jpeg_of(32, 8, 3, afd_test::plain_pixels(32 * 8, 200, 100, 50), TJSAMP_411);
  const auto frame = jpeg.begin() + place(jpeg, 0xc0);
  std::swap(frame[6], frame[8]);  // height and width
  REQUIRE(frame[11] == 0x41);
  frame[11] = 0x14;
  const RgbImage image = afd::decode_jpeg(jpeg, "x");
  CHECK(image.width == 8);
  CHECK(image.height == 32);
  CHECK(is_near(image, {200, 100, 50}));
}

TEST_CASE("grey and CMYK ones get red, green and blue") {
  CHECK(is_near(afd::decode_jpeg(afd_test::jpeg_of(8, 8, 1, Bytes(64, 77)), "x"), {77, 77, 77}));
  Bytes inks;  // inverted, as files hold them: 255 is no ink
  for (int i = 0; i < 64; ++i) inks.insert(inks.end(), {255, 128, 0, 200});
  CHECK(is_near(afd::decode_jpeg(afd_test::jpeg_of(8, 8, 4, inks), "x"), {200, 100, 0}));
}

TEST_CASE("one that was cut anywhere is refused, with the decoder's reason") {
  const Bytes whole = afd_test::jpeg_of(20, 9, 3, afd_test::plain_pixels(20 * 9, 1, 2, 3));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_THROWS_AS(static_cast<void>(afd::decode_jpeg(std::span(whole).first(length), "cut")), afd::FormatError);
  }
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::decode_jpeg(std::span(whole).first(whole.size() - 2), "cut.jpg")),
                       doctest::Contains("cut.jpg cannot be decoded as JPEG (Premature end"), afd::FormatError);
}

TEST_CASE("a table with more codes than there are values is refused: fuzzing made another decoder write beyond it") {
  Bytes jpeg = afd_test::jpeg_of(8, 8, 3, afd_test::plain_pixels(64, 90, 80, 70));
  const auto lengths = jpeg.begin() + place(jpeg, 0xc4) + 5;
  std::fill(lengths, lengths + 16, std::uint8_t{0xff});
  CHECK_THROWS_AS(static_cast<void>(afd::decode_jpeg(jpeg, "x")), afd::FormatError);
}

TEST_CASE("bytes between segments are passed over") {
  Bytes jpeg = afd_test::jpeg_of(8, 8, 3, afd_test::plain_pixels(64, 90, 80, 70));
  jpeg.insert(jpeg.begin() + place(jpeg, 0xd9), {1, 2, 3});
  CHECK(is_near(afd::decode_jpeg(jpeg, "x"), {90, 80, 70}));
}

TEST_CASE("a header that claims too many pixels is refused before memory is taken for them") {
  Bytes jpeg = afd_test::jpeg_of(8, 8, 3, afd_test::plain_pixels(64, 90, 80, 70));
  const auto frame = jpeg.begin() + place(jpeg, 0xc0);
  std::fill(frame + 5, frame + 9, std::uint8_t{0xea});  // height and width
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::decode_jpeg(jpeg, "x")), doctest::Contains("60138 x 60138"),
                       afd::FormatError);
}

TEST_SUITE_END();
