// SPDX-License-Identifier: MIT
#include <afd/data/png.hpp>
//
#include <span>
#include <string>

#include <zlib.h>

#include "support/doctest.hpp"
#include "support/write_image.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::RgbImage;

namespace {

void append_big_endian(Bytes& bytes, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

void append_chunk(Bytes& png, const std::string& type, const Bytes& content) {
  append_big_endian(png, static_cast<std::uint32_t>(content.size()));
  const std::size_t begin = png.size();
  png.insert(png.end(), type.begin(), type.end());
  png.insert(png.end(), content.begin(), content.end());
  append_big_endian(png,
                    static_cast<std::uint32_t>(crc32(0, png.data() + begin, static_cast<uInt>(png.size() - begin))));
}

/// By hand, for what libpng does not write so simply. `rows`: each begins with the number of its filter.
Bytes png_by_hand(std::uint32_t width, std::uint32_t height, std::uint8_t bits, std::uint8_t colour_type,
                  const Bytes& rows, const Bytes& palette = {}) {
  Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, header;
  append_big_endian(header, width);
  append_big_endian(header, height);
  header.insert(header.end(), {bits, colour_type, 0, 0, 0});
  append_chunk(png, "IHDR", header);
  if (!palette.empty()) append_chunk(png, "PLTE", palette);
  uLongf size = compressBound(rows.size());
  Bytes packed(size);
  REQUIRE(compress(packed.data(), &size, rows.data(), rows.size()) == Z_OK);
  packed.resize(size);
  append_chunk(png, "IDAT", packed);
  append_chunk(png, "IEND", {});
  return png;
}

}  // namespace

TEST_CASE("a PNG's pixels come back as they were") {
  const Bytes pixels{255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90};
  const RgbImage image = afd::decode_png(afd_test::png_of(3, 2, 3, pixels), "x");
  CHECK(image.width == 3);
  CHECK(image.height == 2);
  CHECK(image.pixels == pixels);
}

TEST_CASE("grey ones get three channels; alpha is dropped, colours stay") {
  CHECK(afd::decode_png(afd_test::png_of(2, 1, 1, {7, 9}), "x").pixels == Bytes{7, 7, 7, 9, 9, 9});
  CHECK(afd::decode_png(afd_test::png_of(2, 1, 4, {1, 2, 3, 128, 4, 5, 6, 0}), "x").pixels == Bytes{1, 2, 3, 4, 5, 6});
}

TEST_CASE("palettes, channels of 16 bits and pixels of one bit") {
  CHECK(
      afd::decode_png(png_by_hand(3, 1, 2, 3, {0, 0b00'01'10'00}, {1, 2, 3, 40, 50, 60, 255, 254, 253}), "x").pixels ==
      Bytes{1, 2, 3, 40, 50, 60, 255, 254, 253});
  // Nearest of 8 bits: 0x8000 of 0xffff is 127.5 of 255.
  const RgbImage deep = afd::decode_png(png_by_hand(1, 1, 16, 2, {0, 0xff, 0xff, 0x40, 0x40, 0, 0}), "x");
  CHECK(deep.pixels == Bytes{255, 64, 0});
  CHECK(afd::decode_png(png_by_hand(3, 1, 1, 0, {0, 0b10100000}), "x").pixels ==
        Bytes{255, 255, 255, 0, 0, 0, 255, 255, 255});
}

TEST_CASE("one that was cut or changed is refused, with libpng's reason") {
  const Bytes whole = afd_test::png_of(9, 7, 3, afd_test::plain_pixels(9 * 7, 1, 2, 3));
  const std::size_t end_of_pixels = whole.size() - 12;  // without IEND everything is there
  for (std::size_t length = 0; length < end_of_pixels; ++length) {
    CHECK_THROWS_AS(static_cast<void>(afd::decode_png(std::span(whole).first(length), "cut")), afd::FormatError);
  }
  Bytes changed = whole;
  changed[end_of_pixels - 8] ^= 1;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::decode_png(changed, "changed.png")),
                       doctest::Contains("changed.png cannot be decoded as PNG ("), afd::FormatError);
}

TEST_CASE("a PNG's header that claims too many pixels is refused before memory is taken for them") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::decode_png(png_by_hand(60000, 60000, 8, 2, {0}), "x")),
                       doctest::Contains("60000 x 60000"), afd::FormatError);
}

TEST_SUITE_END();
