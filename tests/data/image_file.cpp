// SPDX-License-Identifier: MIT
#include <afd/data/image_file.hpp>
//
#include <fstream>
#include <string>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/write_image.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;

TEST_CASE("what a file is decides its first bytes, not its name") {
  const afd_test::TempFolder folder;
  const Bytes pixels{1, 2, 3, 250, 251, 252};
  afd_test::write_image(folder.path() / "a.png", 2, 1, 3, pixels);
  std::filesystem::rename(folder.path() / "a.png", folder.path() / "a.jpg");
  CHECK(afd::read_image(folder.path() / "a.jpg").pixels == pixels);
  afd_test::write_plain_image(folder.path() / "b.jpg", 4, 3, 90, 90, 90);
  const afd::RgbImage image = afd::read_image(folder.path() / "b.jpg");
  CHECK(image.width == 4);
  CHECK(image.height == 3);
}

TEST_CASE("what is no image is said to be none, by its name") {
  const afd_test::TempFolder folder;
  std::ofstream(folder.path() / "text.jpg") << "no image";
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::read_image(folder.path() / "text.jpg")), doctest::Contains("text.jpg"),
                       afd::FormatError);
  CHECK_THROWS_AS(static_cast<void>(afd::read_image(folder.path() / "none.jpg")), afd::FileError);
  for (const std::string text : {"", "P6", "BM", "\x89P", "\xff\xd8"}) {
    const Bytes bytes(text.begin(), text.end());
    CHECK_THROWS_WITH_AS(static_cast<void>(afd::decode_image(bytes, "file")), doctest::Contains("cannot be decoded"),
                         afd::FormatError);
  }
}

TEST_SUITE_END();
