// SPDX-License-Identifier: MIT
#include <afd/data/idx.hpp>
//
#include <cstdint>
#include <vector>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::FormatError;
using afd::Split;
using afd::TensorDataset;
using afd_test::TempFolder;

namespace {

/// `count` images of 2x3; byte b of the file's content is b.
Bytes image_file(std::uint8_t count) {
  Bytes file{0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3};
  for (unsigned b = 0; b < count * 6U; ++b) file.push_back(static_cast<std::uint8_t>(b));
  return file;
}

Bytes label_file(const Bytes& labels) {
  Bytes file{0, 0, 8, 1, 0, 0, 0, static_cast<std::uint8_t>(labels.size())};
  for (const std::uint8_t label : labels) file.push_back(label);
  return file;
}

/// A folder laid out like MNIST, with 4 images for training and 2 for testing.
struct MnistFolder : TempFolder {
  MnistFolder() {
    write("train-images-idx3-ubyte", image_file(4));
    write("train-labels-idx1-ubyte", label_file({9, 0, 3, 1}));
    write("t10k-images-idx3-ubyte", image_file(2));
    write("t10k-labels-idx1-ubyte", label_file({5, 6}));
  }
};

void load(const std::filesystem::path& folder, Split split) {
  static_cast<void>(afd::load_mnist(folder, split));
}

}  // namespace

TEST_CASE("IDX images become uint8 [N, 1, H, W], labels int64 [N]") {
  const TempFolder folder;
  const torch::Tensor images = afd::load_idx_images(folder.write("images", image_file(5)));
  CHECK(images.dtype() == torch::kUInt8);
  CHECK(images.equal(torch::arange(30, torch::kUInt8).view({5, 1, 2, 3})));
  const torch::Tensor labels = afd::load_idx_labels(folder.write("labels", label_file({7, 255, 0})));
  CHECK(labels.dtype() == torch::kInt64);
  CHECK(labels.equal(torch::tensor({7, 255, 0}, torch::kInt64)));
}

TEST_CASE("images and labels that are swapped or of different counts are errors") {
  const TempFolder folder;
  const auto images = folder.write("images", image_file(3));
  const auto labels = folder.write("labels", label_file({1, 2}));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_idx_images(labels)), doctest::Contains("swapped"), FormatError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_idx_labels(images)), doctest::Contains("3 dimension"), FormatError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_idx_dataset(images, labels)), doctest::Contains("3 images"),
                       FormatError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_idx_dataset(images, labels)), doctest::Contains("2 labels"),
                       FormatError);
}

TEST_CASE("a damaged file is named") {
  const TempFolder folder;
  Bytes cut = image_file(3);
  cut.pop_back();
  const auto path = folder.write("cut-images", cut);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_idx_images(path)), doctest::Contains("cut-images"), FormatError);
}

TEST_CASE("load_mnist finds the files of each split") {
  const MnistFolder folder;
  const TensorDataset train = afd::load_mnist(folder.path(), Split::train);
  const TensorDataset test = afd::load_mnist(folder.path(), Split::test);
  CHECK_NOTHROW(train.validate());
  CHECK(train.inputs.sizes() == torch::IntArrayRef({4, 1, 2, 3}));
  CHECK(train.targets.equal(torch::tensor({9, 0, 3, 1}, torch::kInt64)));
  CHECK(test.inputs.equal(torch::arange(12, torch::kUInt8).view({2, 1, 2, 3})));
  CHECK(test.targets.equal(torch::tensor({5, 6}, torch::kInt64)));
}

TEST_CASE("load_mnist gives a compressed file to the reader it was passed") {
  const TempFolder folder;
  folder.write("t10k-images-idx3-ubyte.gz", {0x1f, 0x8b});
  folder.write("t10k-labels-idx1-ubyte.gz", {0x1f, 0x8b});
  const auto unpack = [](const std::filesystem::path& path) {
    REQUIRE(path.extension() == ".gz");
    return path.string().find("images") != std::string::npos ? image_file(2) : label_file({4, 2});
  };
  CHECK(afd::load_mnist(folder.path(), Split::test, unpack).targets.equal(torch::tensor({4, 2}, torch::kInt64)));
  CHECK_THROWS_WITH_AS(load(folder.path(), Split::test), doctest::Contains("afd::GzipFiles{}"), FormatError);
}

TEST_CASE("load_mnist lists the names it looked for") {
  const TempFolder folder;
  CHECK_THROWS_WITH_AS(load(folder.path(), Split::train),
                       doctest::Contains("neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz"),
                       afd::FileError);
  folder.write("t10k-images-idx3-ubyte", image_file(2));
  CHECK_THROWS_WITH_AS(load(folder.path(), Split::test), doctest::Contains("t10k-labels-idx1-ubyte"), afd::FileError);
}

TEST_CASE("load_mnist rejects a label above 9, naming its record") {
  const MnistFolder folder;
  folder.write("train-labels-idx1-ubyte", label_file({9, 0, 10, 200}));
  CHECK_THROWS_WITH_AS(load(folder.path(), Split::train), doctest::Contains("record 2 has label 10"), FormatError);
}

TEST_SUITE_END();
