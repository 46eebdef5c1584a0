// SPDX-License-Identifier: MIT
#pragma once

// The data of a cell: a few training images, others that choose epochs, and the test set.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <afd/data/augmentation.hpp>
#include <afd/data/cifar.hpp>
#include <afd/data/gzip.hpp>
#include <afd/data/horizontal_flip.hpp>
#include <afd/data/idx.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/normalize.hpp>
#include <afd/data/pad_crop.hpp>
#include <afd/data/tensor_dataset.hpp>

#include "cell.hpp"
#include "networks.hpp"

namespace experiments {

/// As read from files: loaded once for the whole grid.
struct Files {
  afd::TensorDataset train;
  afd::TensorDataset test;
  std::int64_t classes = 10;
};

/// Throws afd::ConfigError for a name it does not know, and what the readers throw.
[[nodiscard]] inline Files read_files(const std::string& name, const std::filesystem::path& folder) {
  if (name == "fashion-mnist") {
    return {afd::load_mnist(folder, afd::Split::train, afd::GzipFiles{}),
            afd::load_mnist(folder, afd::Split::test, afd::GzipFiles{}), 10};
  }
  if (name == "cifar10") {
    return {afd::load_cifar10(folder, afd::Split::train), afd::load_cifar10(folder, afd::Split::test), 10};
  }
  if (name == "cifar100") {
    return {afd::load_cifar100(folder, afd::Split::train), afd::load_cifar100(folder, afd::Split::test), 100};
  }
  throw afd::ConfigError("there is no data called " + name + "; choose fashion-mnist, cifar10 or cifar100");
}

/// What a cell trains on. The validation images are the same for every seed; the training images are drawn with it.
struct CellData {
  CellData(const Files& files, const Settings& settings, std::uint64_t seed) : test(files.test) {
    auto [rest, held_out] = files.train.split(settings.validation, /*seed=*/12345);
    validation = std::move(held_out);
    train = settings.images > 0 && settings.images < rest.size() ? rest.take(settings.images, seed) : std::move(rest);
    shape = {train.inputs.size(1), files.classes, settings.stem_stride};
  }

  [[nodiscard]] auto train_loader(const Settings& settings, std::uint64_t seed) const {
    const std::int64_t padding = train.inputs.size(2) >= 32 ? 4 : 2;
    return afd::BatchLoader(
        train, {.batch_size = settings.batch, .seed = seed},
        afd::Compose{afd::PadCrop{.padding = padding}, afd::HorizontalFlip{}, afd::channel_statistics(train)});
  }
  [[nodiscard]] auto plain_loader(const afd::TensorDataset& images) const {
    return afd::BatchLoader(images, {.batch_size = 500, .shuffle = false}, afd::channel_statistics(train));
  }

  afd::TensorDataset train;
  afd::TensorDataset validation;
  afd::TensorDataset test;
  NetworkShape shape{};
};

}  // namespace experiments
