// SPDX-License-Identifier: MIT
#include <afd/data/cifar.hpp>
//
#include <string>
#include <vector>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("data");

using afd::Bytes;
using afd::CifarLabels;
using afd::Split;
using afd::TensorDataset;
using afd_test::TempFolder;

namespace {

/// Records with these labels; pixel p of every record is (p + tint) mod 256.
Bytes cifar_file(const std::vector<Bytes>& records, unsigned tint) {
  Bytes file;
  for (const Bytes& labels : records) {
    file.insert(file.end(), labels.begin(), labels.end());
    for (unsigned p = 0; p < 3072; ++p) file.push_back(static_cast<std::uint8_t>(p + tint));
  }
  return file;
}

torch::Tensor image(int tint) {
  return (torch::arange(3072) + tint).remainder(256).to(torch::kUInt8).view({3, 32, 32});
}

}  // namespace

TEST_CASE("load_cifar10 joins the five training files in order") {
  const TempFolder folder;
  for (unsigned b = 1; b <= 5; ++b) {
    const auto label = static_cast<std::uint8_t>(b);
    folder.write("data_batch_" + std::to_string(b) + ".bin", cifar_file({{label}, {0}}, b * 10));
  }
  folder.write("test_batch.bin", cifar_file({{9}}, 3));

  const TensorDataset train = afd::load_cifar10(folder.path(), Split::train);
  CHECK_NOTHROW(train.validate());
  CHECK(train.inputs.sizes() == torch::IntArrayRef({10, 3, 32, 32}));
  CHECK(train.targets.equal(torch::tensor({1, 0, 2, 0, 3, 0, 4, 0, 5, 0}, torch::kInt64)));
  CHECK(train.inputs[0].equal(image(10)));
  CHECK(train.inputs[9].equal(image(50)));

  const TensorDataset test = afd::load_cifar10(folder.path(), Split::test);
  CHECK(test.targets.equal(torch::tensor({9}, torch::kInt64)));
  CHECK(test.inputs[0].equal(image(3)));
}

TEST_CASE("load_cifar100 takes fine labels unless coarse ones are asked for") {
  const TempFolder folder;
  folder.write("train.bin", cifar_file({{19, 99}, {4, 50}}, 1));
  folder.write("test.bin", cifar_file({{7, 8}}, 2));
  const TensorDataset fine = afd::load_cifar100(folder.path(), Split::train);
  CHECK(fine.targets.equal(torch::tensor({99, 50}, torch::kInt64)));
  CHECK(fine.inputs[1].equal(image(1)));
  const TensorDataset coarse = afd::load_cifar100(folder.path(), Split::train, CifarLabels::coarse);
  CHECK(coarse.targets.equal(torch::tensor({19, 4}, torch::kInt64)));
  CHECK(afd::load_cifar100(folder.path(), Split::test).targets.equal(torch::tensor({8}, torch::kInt64)));
}

TEST_CASE("CIFAR files are read through the reader, .gz names included") {
  const TempFolder folder;
  folder.write("test_batch.bin.gz", {0x1f, 0x8b});
  const auto unpack = [](const std::filesystem::path&) { return cifar_file({{6}}, 0); };
  CHECK(afd::load_cifar10(folder.path(), Split::test, unpack).targets.equal(torch::tensor({6}, torch::kInt64)));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_cifar10(folder.path(), Split::test)), doctest::Contains("gunzip"),
                       afd::FormatError);
}

TEST_CASE("a missing or damaged CIFAR file is named") {
  const TempFolder folder;
  for (const char* present : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_4.bin", "data_batch_5.bin"}) {
    folder.write(present, cifar_file({{1}}, 0));
  }
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_cifar10(folder.path(), Split::train)),
                       doctest::Contains("data_batch_3.bin"), afd::FileError);
  folder.write("data_batch_3.bin", cifar_file({{10}}, 0));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_cifar10(folder.path(), Split::train)),
                       doctest::Contains("data_batch_3.bin"), afd::FormatError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::load_cifar100(folder.path(), Split::train)),
                       doctest::Contains("train.bin"), afd::FileError);
}

TEST_SUITE_END();
