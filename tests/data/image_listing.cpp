// SPDX-License-Identifier: MIT
#include <afd/data/image_listing.hpp>
//
#include <fstream>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("data");

namespace {

void touch(const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "x";
}

}  // namespace

TEST_CASE("classes and files are sorted; other files and hidden ones are left out") {
  const afd_test::TempFolder folder;
  for (const char* name : {"cat/2.png", "cat/10.JPG", "cat/notes.txt", "cat/.hidden.png", "ant/b.jpeg", "ant/a.PNG",
                           "ant/x.bmp", "ant/deeper/c.png", ".cache/x.png", "labels.txt"}) {
    touch(folder.path() / name);
  }
  const afd::ImageListing listing = afd::list_images(folder.path());
  CHECK(listing.classes == std::vector<std::string>{"ant", "cat"});
  REQUIRE(listing.files.size() == 4);
  CHECK(listing.files[0].path.filename() == "a.PNG");
  CHECK(listing.files[1].path.filename() == "b.jpeg");
  CHECK(listing.files[2].path.filename() == "10.JPG");
  CHECK(listing.files[3].path.filename() == "2.png");
  CHECK(listing.files[1].label == 0);
  CHECK(listing.files[2].label == 1);
}

TEST_CASE("labels follow the classes of another folder, of which some may be missing") {
  const afd_test::TempFolder folder;
  touch(folder.path() / "cat/1.png");
  const afd::ImageListing listing = afd::list_images(folder.path(), {"ant", "bee", "cat"});
  CHECK(listing.classes.size() == 3);
  CHECK(listing.files.at(0).label == 2);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path(), {"ant"})), doctest::Contains("a class cat"),
                       afd::DataError);
}

TEST_CASE("a folder that is none, has no class, or a class without images, is named") {
  const afd_test::TempFolder folder;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path() / "none")), doctest::Contains("none"),
                       afd::FileError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path())), doctest::Contains("no sub-folder"),
                       afd::DataError);
  touch(folder.path() / "dog/readme.txt");
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path())), doctest::Contains("dog"), afd::DataError);
}

TEST_SUITE_END();
