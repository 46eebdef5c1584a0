// SPDX-License-Identifier: MIT
#include <afd/data/image_file.hpp>
//
#include <cstdlib>
#include <fstream>
#include <string>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/write_image.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::RgbImage;

TEST_CASE("a PNG's pixels come back as they were") {
  const afd_test::TempFolder folder;
  const Bytes pixels{255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90};
  afd_test::write_image(folder.path() / "a.png", 3, 2, 3, pixels);
  const RgbImage image = afd::read_image(folder.path() / "a.png");
  CHECK(image.width == 3);
  CHECK(image.height == 2);
  CHECK(image.pixels == pixels);
}

TEST_CASE("a JPEG's pixels come near; grey and transparent images get three channels") {
  const afd_test::TempFolder folder;
  afd_test::write_plain_image(folder.path() / "a.jpg", 16, 8, 200, 100, 50);
  const RgbImage image = afd::read_image(folder.path() / "a.jpg");
  REQUIRE(image.pixels.size() == 16 * 8 * 3);
  CHECK(std::abs(image.pixels[0] - 200) < 4);
  CHECK(std::abs(image.pixels[1] - 100) < 4);
  CHECK(std::abs(image.pixels[2] - 50) < 4);
  afd_test::write_image(folder.path() / "grey.png", 2, 1, 1, {7, 9});
  CHECK(afd::read_image(folder.path() / "grey.png").pixels == Bytes{7, 7, 7, 9, 9, 9});
  afd_test::write_image(folder.path() / "alpha.png", 1, 1, 4, {1, 2, 3, 128});
  CHECK(afd::read_image(folder.path() / "alpha.png").pixels == Bytes{1, 2, 3});
}

TEST_CASE("what is no image is said to be none, by its name; a truncated one, too, or it gives an image") {
  const afd_test::TempFolder folder;
  std::ofstream(folder.path() / "text.jpg") << "no image";
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::read_image(folder.path() / "text.jpg")), doctest::Contains("text.jpg"),
                       afd::FormatError);
  CHECK_THROWS_AS(static_cast<void>(afd::read_image(folder.path() / "none.jpg")), afd::FileError);
  CHECK_THROWS_AS(static_cast<void>(afd::decode_image({}, "nothing")), afd::FormatError);
  afd_test::write_plain_image(folder.path() / "a.png", 9, 7, 1, 2, 3);
  const Bytes whole = afd::detail::read_raw(folder.path() / "a.png");
  int refused = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    try {
      const RgbImage image = afd::decode_image(std::span(whole).first(length), "cut");
      CHECK(image.pixels.size() == 9 * 7 * 3);
    } catch (const afd::FormatError&) {
      ++refused;
    }
  }
  CHECK(refused > 0);
}

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

TEST_CASE("other formats do not come near the decoder, which reads beyond some of them") {
  for (const std::string text : {"P6", "P59594\n5455\n5585", ""}) {  // found by fuzzing
    const afd::Bytes bytes(text.begin(), text.end());
    CHECK_THROWS_WITH_AS(static_cast<void>(afd::decode_image(bytes, "file")), doctest::Contains("cannot be decoded"),
                         afd::FormatError);
  }
}

TEST_CASE("a header that claims too many pixels is refused before memory is taken for them") {
  afd::Bytes bitmap(54, 0);
  bitmap[0] = 'B';
  bitmap[1] = 'M';
  bitmap[10] = 54;
  bitmap[14] = 40;
  bitmap[18] = bitmap[22] = 0x60;  // 60000 each way
  bitmap[19] = bitmap[23] = 0xea;
  bitmap[26] = 1;
  bitmap[28] = 24;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::decode_image(bitmap, "file")), doctest::Contains("60000 x 60000"),
                       afd::FormatError);
}

TEST_SUITE_END();
