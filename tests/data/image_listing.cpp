// SPDX-License-Identifier: MIT
#include <afd/data/image_listing.hpp>
//
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <afd/detail/concat.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::concat;

namespace {

void touch(const std::filesystem::path& path) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "x";
}

}  // namespace

TEST_CASE("classes and files are sorted; other files and hidden ones are left out") {
  const afd_test::TempFolder folder;
  for (const char* name : {"cat/2.png", "cat/10.JPG", "cat/notes.txt", "cat/.hidden.png", "ant/b.jpeg", "ant/a.PNG",
                           "ant/Thumbs.db", "ant/.deeper/c.png", ".cache/x.png", ".x.png", "labels.txt"}) {
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
  const std::vector<std::filesystem::path> others{folder.path() / "ant/Thumbs.db", folder.path() / "cat/notes.txt",
                                                  folder.path() / "labels.txt"};
  CHECK(listing.left_out == others);
}

TEST_CASE("images that would be missing are refused: of other formats, in deeper folders, beside the classes") {
  const auto refused = [](const std::vector<const char*>& names, const std::vector<const char*>& parts) {
    const afd_test::TempFolder folder;
    touch(folder.path() / "cat/1.png");
    touch(folder.path() / "cat/notes.txt");
    for (const char* name : names) touch(folder.path() / name);
    std::string message;
    try {
      static_cast<void>(afd::list_images(folder.path()));
    } catch (const afd::DataError& error) {
      message = error.what();
    }
    for (const char* part : parts) CHECK_MESSAGE(message.find(part) != std::string::npos, part, " in ", message);
    CHECK_THROWS_AS(static_cast<void>(afd::list_images(folder.path(), std::vector<std::string>{"cat"})),
                    afd::DataError);
    const afd::ImageListing all = afd::list_images(folder.path(), {.left_out = afd::LeftOut::counted});
    CHECK(all.files.size() == 1);
    CHECK(all.left_out.size() == names.size() + 1);
    CHECK(afd::list_images(folder.path(), {"ant", "cat"}, {.left_out = afd::LeftOut::counted}).left_out.size() ==
          names.size() + 1);
  };
  refused({"cat/x.bmp"},
          {"1 image of another format would be left out, \"", "cat/x.bmp", "convert them", "afd::LeftOut::counted"});
  refused({"cat/y.WebP", "cat/x.tif"}, {"2 images of other formats would be left out, first \"", "cat/x.tif"});
  refused({"cat/deeper/x.png"}, {"1 folder in that of a class would be left out, \"", "cat/deeper\""});
  refused({"x.png"}, {"1 image beside the classes' folders would be left out, \"", "x.png"});
  refused({"x.gif", "cat/a.gif", "cat/b.gif", "cat/c/d.png"},
          {"2 images of other formats, 1 folder in that of a class, 1 image beside", "first \"", "cat/a.gif"});
  for (const char* ending : {"bmp", "gif", "webp", "tif", "tiff", "ppm", "pgm", "avif", "heic", "jfif", "jp2", "JPE"}) {
    refused({concat("cat/x.", ending).c_str()}, {ending});
  }
}

TEST_CASE("a class whose images are all of another format is told so, and is empty if they are left out") {
  const afd_test::TempFolder folder;
  touch(folder.path() / "ant/1.png");
  touch(folder.path() / "bee/1.webp");
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path())),
                       doctest::Contains("1 image of another format"), afd::DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path(), {.left_out = afd::LeftOut::counted})),
                       doctest::Contains("bee\" has no image"), afd::DataError);
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
  touch(folder.path() / "1.png");
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path())), doctest::Contains("no sub-folder"),
                       afd::DataError);
  std::filesystem::remove(folder.path() / "1.png");
  touch(folder.path() / "dog/readme.txt");
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::list_images(folder.path())), doctest::Contains("dog"), afd::DataError);
}

TEST_SUITE_END();
