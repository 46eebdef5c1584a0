// SPDX-License-Identifier: MIT
#pragma once

// The data of a study: a few training images, others that choose epochs, and the test set.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <afd/data/any_source.hpp>
#include <afd/data/augmentation.hpp>
#include <afd/data/cifar.hpp>
#include <afd/data/gzip.hpp>
#include <afd/data/horizontal_flip.hpp>
#include <afd/data/idx.hpp>
#include <afd/data/image_folder.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/normalize.hpp>
#include <afd/data/pad_crop.hpp>
#include <afd/data/prefetch.hpp>
#include <afd/data/tensor_dataset.hpp>

#include "networks.hpp"
#include "settings.hpp"

namespace experiments {

/// Images in memory, or the names of their files: read once.
struct Files {
  struct InMemory {
    afd::TensorDataset train;
    afd::TensorDataset test;
  };
  struct OnDisk {
    afd::ImageListing train;
    afd::ImageListing test;
    int threads = 1;  ///< that decode
  };

  std::optional<InMemory> in_memory{};
  std::optional<OnDisk> on_disk{};
  std::int64_t classes = 10;
};

/// `folders`: train and val in `folder`, each with a sub-folder of images for each class. Throws afd::ConfigError for a
/// name it does not know, and what the readers throw.
[[nodiscard]] inline Files read_files(const std::string& name, const std::filesystem::path& folder, int threads) {
  const auto in_memory = [](const auto& load, std::int64_t classes) {
    return Files{.in_memory = Files::InMemory{load(afd::Split::train), load(afd::Split::test)}, .classes = classes};
  };
  if (name == "fashion-mnist") {
    return in_memory([&](afd::Split split) { return afd::load_mnist(folder, split, afd::GzipFiles{}); }, 10);
  }
  if (name == "cifar10") {
    return in_memory([&](afd::Split split) { return afd::load_cifar10(folder, split, afd::GzipFiles{}); }, 10);
  }
  if (name == "cifar100") {
    return in_memory(
        [&](afd::Split split) { return afd::load_cifar100(folder, split, afd::CifarLabels::fine, afd::GzipFiles{}); },
        100);
  }
  if (name == "folders") {
    Files::OnDisk files{.train = afd::list_images(folder / "train"), .test = {}, .threads = threads};
    files.test = afd::list_images(folder / "val", files.train.classes);
    const auto classes = static_cast<std::int64_t>(files.train.classes.size());
    return {.on_disk = std::move(files), .classes = classes};
  }
  throw afd::ConfigError("there is no data called " + name + "; choose fashion-mnist, cifar10, cifar100 or folders");
}

/// What a study trains and looks at. All but the training images, which are drawn with it, are the same for every seed.
struct StudyData {
  NetworkShape shape;
  std::function<afd::AnySource(std::uint64_t seed)> train;
  afd::AnySource validation;
  afd::AnySource compared;  ///< some of those, on which maps are compared
  afd::AnySource scored;    ///< the test images, or the validation images while settings are chosen
};

namespace data_details {

constexpr std::uint64_t validation_seed = 12345;
constexpr std::int64_t compared_images = 500;

[[nodiscard]] inline bool takes_part(const Settings& settings, std::int64_t available) {
  return settings.images > 0 && settings.images < available;
}

[[nodiscard]] inline StudyData of_tensors(const Files::InMemory& files, const Settings& settings,
                                          std::int64_t classes) {
  const auto parts = files.train.split(settings.validation, validation_seed);
  const afd::TensorDataset &rest = parts.train, &held_out = parts.validation;
  const std::int64_t channels = rest.inputs.size(1), height = rest.inputs.size(2);
  // Of all images, so that networks see the same numbers whatever part of them a seed draws.
  const afd::Normalize normalize = afd::channel_statistics(rest);
  const auto plain = [&](const afd::TensorDataset& images) {
    return afd::AnySource(afd::BatchLoader(images, {.batch_size = 500, .shuffle = false}, normalize));
  };
  const auto train = [settings, normalize, rest, height](std::uint64_t seed) {
    return afd::AnySource(afd::BatchLoader(
        takes_part(settings, rest.size()) ? rest.take(settings.images, seed) : rest,
        {.batch_size = settings.batch, .seed = seed},
        afd::Compose{afd::PadCrop{.padding = height >= 32 ? 4 : 2}, afd::HorizontalFlip{}, normalize}));
  };
  return {.shape = {channels, classes, settings.stem_stride},
          .train = train,
          .validation = plain(held_out),
          .compared = plain(held_out.first(std::min(compared_images, held_out.size()), afd::Classes::any)),
          .scored = plain(settings.scores_validation ? held_out : files.test)};
}

/// Statistics of ImageNet's training images, which everybody uses.
[[nodiscard]] inline afd::Normalize imagenet_statistics() {
  return {.mean = {0.485, 0.456, 0.406}, .stddev = {0.229, 0.224, 0.225}};
}

/// `count` images of the list from place `first` on, in an order of that seed.
[[nodiscard]] inline afd::ImageListing some_of(const afd::ImageListing& all, std::int64_t first, std::int64_t count,
                                               std::uint64_t seed) {
  const auto size = static_cast<std::int64_t>(all.files.size());
  if (count < 1 || first + count > size) {
    throw afd::DataError("the training folder has " + std::to_string(size) +
                         " images, too few for so many validation images");
  }
  const auto order = afd::permutation(size, seed, ~std::uint64_t{0});
  afd::ImageListing part{all.classes, {}};
  for (std::int64_t i = first; i < first + count; ++i) {
    part.files.push_back(all.files[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
  }
  return part;
}

[[nodiscard]] inline StudyData of_folders(const Files::OnDisk& files, const Settings& settings, std::int64_t classes) {
  const std::int64_t side = settings.image_side;
  const auto left = static_cast<std::int64_t>(files.train.files.size()) - settings.validation;
  const afd::ImageListing rest = some_of(files.train, settings.validation, left, validation_seed);
  const afd::ImageListing held_out = some_of(files.train, 0, settings.validation, validation_seed);
  const auto ahead = [](auto loader) {
    return afd::AnySource(std::make_shared<afd::Prefetch<decltype(loader)>>(std::move(loader)));
  };
  // The shorter side is scaled to 256 for a crop of 224, as usual.
  const afd::CenterCrop middle{.side = side, .resize = (side * 256 + 112) / 224};
  const auto plain = [&](const afd::ImageListing& images) {
    return ahead(afd::BatchLoader(afd::ImageFolder(images, middle, files.threads),
                                  {.batch_size = settings.batch, .shuffle = false}, imagenet_statistics()));
  };
  const auto train = [settings, rest, ahead, side, threads = files.threads](std::uint64_t seed) {
    const auto size = static_cast<std::int64_t>(rest.files.size());
    return ahead(afd::BatchLoader(
        afd::ImageFolder(takes_part(settings, size) ? some_of(rest, 0, settings.images, seed) : rest,
                         afd::RandomResizedCrop{.side = side}, threads),
        {.batch_size = settings.batch, .seed = seed}, afd::Compose{afd::HorizontalFlip{}, imagenet_statistics()}));
  };
  return {.shape = {3, classes, settings.stem_stride},
          .train = train,
          .validation = plain(held_out),
          .compared = plain(some_of(held_out, 0, std::min(compared_images, settings.validation), validation_seed)),
          .scored = plain(settings.scores_validation ? held_out : files.test)};
}

}  // namespace data_details

[[nodiscard]] inline StudyData make_study_data(const Files& files, const Settings& settings) {
  return files.on_disk ? data_details::of_folders(*files.on_disk, settings, files.classes)
                       : data_details::of_tensors(*files.in_memory, settings, files.classes);
}

}  // namespace experiments
