// SPDX-License-Identifier: MIT
#include <afd/data/image_folder.hpp>
//
#include <fstream>
#include <string>
#include <vector>

#include <afd/data/augmentation.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/write_image.hpp"

TEST_SUITE_BEGIN("data");

using afd::Batch;
using afd::BatchLoader;
using afd::CenterCrop;
using afd::ImageFolder;

namespace {

/// Three classes of four images; the red of class c's image i is 60 c + 10 i.
void write_folder(const std::filesystem::path& folder) {
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < 4; ++i) {
      const std::string name(1, static_cast<char>('a' + c));
      afd_test::write_plain_image(folder / name / (std::to_string(i) + ".png"), 12 + c, 10 + i,
                                  static_cast<std::uint8_t>(60 * c + 10 * i), 5, 250);
    }
  }
}

template <class Loader>
std::vector<Batch> walk(Loader&& loader) {
  std::vector<Batch> batches;
  for (const Batch& batch : loader) batches.push_back(batch);
  return batches;
}

}  // namespace

TEST_CASE("a loader makes batches of files, shuffled and unshuffled, with their labels") {
  const afd_test::TempFolder folder;
  write_folder(folder.path());
  const ImageFolder images{afd::list_images(folder.path()), CenterCrop{.side = 8, .resize = 8}};
  const std::vector<Batch> batches = walk(BatchLoader{images, {.batch_size = 5, .shuffle = false}});
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].inputs.sizes() == torch::IntArrayRef({5, 3, 8, 8}));
  CHECK((batches[0].inputs.dtype() == torch::kFloat32));  // the loader's default transform
  CHECK(batches[0].inputs.is_contiguous());
  CHECK(batches[0].targets.equal(torch::tensor({0, 0, 0, 0, 1}, torch::kInt64)));
  CHECK(torch::allclose(batches[0].inputs[4].select(0, 0), torch::full({8, 8}, 60.0 / 255)));
  CHECK(torch::allclose(batches[0].inputs[4].select(0, 2), torch::full({8, 8}, 250.0 / 255)));
  for (const Batch& batch : walk(BatchLoader{images, {.batch_size = 5, .seed = 7}})) {
    const torch::Tensor red = (batch.inputs.select(1, 0).select(1, 0).select(1, 0) * 255).round().to(torch::kInt64);
    CHECK(red.div(60, "floor").equal(batch.targets));
  }
}

TEST_CASE("batches are the same to the bit for any number of threads, wherever an epoch is entered") {
  const afd_test::TempFolder folder;
  for (int i = 0; i < 6; ++i) {
    std::vector<std::uint8_t> pixels;
    for (int p = 0; p < 20 * 16 * 3; ++p) pixels.push_back(static_cast<std::uint8_t>((p * (i + 3)) % 251));
    afd_test::write_image(folder.path() / "x" / (std::to_string(i) + ".png"), 20, 16, 3, pixels);
  }
  const afd::ImageListing listing = afd::list_images(folder.path());
  const afd::RandomResizedCrop crop{.side = 8};
  BatchLoader one{ImageFolder{listing, crop}, {.batch_size = 2, .seed = 3}, afd::HorizontalFlip{}};
  BatchLoader three{ImageFolder{listing, crop, 3}, {.batch_size = 2, .seed = 3}, afd::HorizontalFlip{}};
  one.start_epoch(4);
  three.start_epoch(4, 1);
  const std::vector<Batch> all = walk(one), rest = walk(three);
  REQUIRE(all.size() == 3);
  REQUIRE(rest.size() == 2);
  CHECK(all[1].inputs.equal(rest[0].inputs));
  CHECK(all[2].inputs.equal(rest[1].inputs));
  three.start_epoch(5);
  CHECK_FALSE(walk(three)[0].inputs.equal(all[0].inputs));
}

TEST_CASE("images are scaled linearly: shrunk ones are averaged, one of the right size stays as it is") {
  const afd_test::TempFolder folder;
  std::vector<std::uint8_t> pixels;
  for (int p = 0; p < 8 * 8 * 3; ++p) pixels.push_back(static_cast<std::uint8_t>((p * 37) % 256));
  afd_test::write_image(folder.path() / "x" / "a.png", 8, 8, 3, pixels);
  const auto gathered = [&](std::int64_t side) {
    const ImageFolder images{afd::list_images(folder.path()), CenterCrop{.side = side, .resize = side}};
    return images.gather(torch::zeros({1}, torch::kInt64), afd::CounterRng(1, 0)).inputs[0];
  };
  const torch::Tensor whole = torch::tensor(pixels, torch::kUInt8).view({8, 8, 3}).permute({2, 0, 1});
  CHECK(gathered(8).equal(whole));
  // The triangle filter of half the size, away from the border: weights 1, 3, 3, 1 of each axis.
  const torch::Tensor weights = torch::tensor({1.0, 3.0, 3.0, 1.0}).div(8);
  const torch::Tensor expected =
      (whole.slice(1, 1, 5).slice(2, 1, 5).to(torch::kFloat64) * torch::outer(weights, weights)).sum({1, 2});
  CHECK((gathered(4).select(1, 1).select(1, 1) - expected).abs().max().item<double>() <= 0.51);
  // One pixel becomes many of its colour.
  afd_test::write_plain_image(folder.path() / "x" / "a.png", 1, 1, 9, 8, 7);
  CHECK(gathered(3).select(0, 2).equal(torch::full({3, 3}, 7, torch::kUInt8)));
}

TEST_CASE("a damaged file is named, whichever thread reads it") {
  const afd_test::TempFolder folder;
  write_folder(folder.path());
  std::ofstream(folder.path() / "b" / "1.png", std::ios::trunc) << "damaged";
  for (const int threads : {1, 4}) {
    const BatchLoader loader{ImageFolder{afd::list_images(folder.path()), CenterCrop{.side = 4, .resize = 4}, threads},
                             {.batch_size = 12, .shuffle = false}};
    CHECK_THROWS_WITH_AS(static_cast<void>(loader.batch(0)), doctest::Contains("1.png"), afd::FormatError);
  }
}

TEST_CASE("the fingerprint is of names, labels, sizes of files and the crop, wherever the folder lies") {
  const afd_test::TempFolder folder, elsewhere;
  write_folder(folder.path());
  write_folder(elsewhere.path());
  const auto print = [](const std::filesystem::path& path, const CenterCrop& crop = {.side = 8, .resize = 8}) {
    return ImageFolder{afd::list_images(path), crop}.fingerprint();
  };
  const std::int64_t same = print(folder.path());
  CHECK(print(elsewhere.path()) == same);
  CHECK(ImageFolder{afd::list_images(folder.path()), CenterCrop{.side = 8, .resize = 8}, 3}.fingerprint() == same);
  CHECK(print(folder.path(), {.side = 7, .resize = 8}) != same);
  CHECK(ImageFolder{afd::list_images(folder.path()), afd::RandomResizedCrop{.side = 8}}.fingerprint() != same);
  const auto changed = [&](const auto& change) {
    const afd_test::TempFolder other;
    write_folder(other.path());
    change(other.path());
    return print(other.path());
  };
  namespace fs = std::filesystem;
  CHECK(changed([](const fs::path& path) { fs::rename(path / "b" / "1.png", path / "b" / "9.png"); }) != same);
  CHECK(changed([](const fs::path& path) { fs::rename(path / "b" / "3.png", path / "c" / "30.png"); }) != same);
  CHECK(changed([](const fs::path& path) { fs::remove(path / "c" / "3.png"); }) != same);
  CHECK(changed([](const fs::path& path) { fs::rename(path / "c", path / "d"); }) != same);
  CHECK(changed([](const fs::path& path) { std::ofstream(path / "a" / "0.png", std::ios::app) << "more"; }) != same);
  const ImageFolder images{afd::list_images(folder.path()), CenterCrop{.side = 8, .resize = 8}};
  const ImageFolder others{afd::list_images(folder.path()), CenterCrop{.side = 6, .resize = 8}};
  const std::int64_t of_loader = BatchLoader{images, {.batch_size = 5}}.fingerprint();
  CHECK(BatchLoader{images, {.batch_size = 5}}.fingerprint() == of_loader);
  CHECK(BatchLoader{others, {.batch_size = 5}}.fingerprint() != of_loader);
}

TEST_CASE("what cannot work is refused before anything is read") {
  const afd_test::TempFolder folder;
  write_folder(folder.path());
  const afd::ImageListing listing = afd::list_images(folder.path());
  CHECK_THROWS_AS((ImageFolder{listing, CenterCrop{.side = 9, .resize = 8}}), afd::ConfigError);
  CHECK_THROWS_AS((ImageFolder{listing, CenterCrop{}, 0}), afd::ConfigError);
  CHECK_THROWS_AS((ImageFolder{afd::ImageListing{}, CenterCrop{}}), afd::DataError);
}

TEST_SUITE_END();
