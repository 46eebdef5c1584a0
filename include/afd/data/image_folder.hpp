// SPDX-License-Identifier: MIT
#pragma once

// Images that stay in their files until a batch needs them. Needs libjpeg-turbo and libpng (CMake target
// afd::images), so it is not part of afd/afd.hpp.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <torch/nn/functional/upsampling.h>
#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/fingerprint.hpp>
#include <afd/data/image_crop.hpp>
#include <afd/data/image_file.hpp>
#include <afd/data/image_listing.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/order.hpp>
#include <afd/data/policy_text.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// A data set of files for BatchLoader: each image is read, decoded, cropped and scaled when its batch is made.
///
///     afd::ImageFolder train{afd::list_images(folder / "train"), afd::RandomResizedCrop{}};
///     afd::Prefetch batches{afd::BatchLoader{train, {.batch_size = 128}, afd::Compose{afd::HorizontalFlip{}, ...}}};
///
/// Batches are uint8 [N, 3, side, side] before the loader's transform, the same to the bit for any number of threads.
template <ImageCrop Crop>
class ImageFolder {
 public:
  /// `threads` decode the images of a batch. Throws ConfigError for threads below 1 or a crop that cannot work,
  /// DataError for a listing without files.
  ImageFolder(ImageListing listing, Crop crop, int threads = 1)
      : listing_(std::move(listing)), crop_(std::move(crop)), threads_(threads) {
    crop_.validate();
    if (threads < 1) throw ConfigError(detail::concat("ImageFolder needs at least 1 thread, but was given ", threads));
    validate();
  }

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(listing_.files.size()); }
  [[nodiscard]] const ImageListing& listing() const { return listing_; }
  [[nodiscard]] const Crop& crop() const { return crop_; }

  void validate() const {
    if (listing_.files.empty()) throw DataError("the listing of an ImageFolder has no files");
  }

  /// Of the classes, the names of the files without their folders, the labels, the sizes of up to 4096 files spread
  /// over all, and the crop. The images are not read. See HasFingerprint.
  [[nodiscard]] std::int64_t fingerprint() const {
    detail::Fingerprint print;
    for (const std::string& name : listing_.classes) print.add_text(name);
    for (const LabelledFile& file : listing_.files) {
      print.add_text(file.path.filename().string());
      print.add_number(file.label);
    }
    for (const std::int64_t place : detail::spread_places(size(), 4096)) {
      std::error_code missing;  // which gather() tells
      print.add_number(
          std::uint64_t{std::filesystem::file_size(listing_.files[static_cast<std::size_t>(place)].path, missing)});
    }
    detail::add_policy(print, crop_);
    return print.number();
  }

  /// The files at `rows`, int64 [N]; row i has the random numbers of sample i. Throws FileError or FormatError, naming
  /// the file, for one that cannot be read or decoded.
  [[nodiscard]] Batch gather(const torch::Tensor& rows, const CounterRng& rng) const {
    const std::int64_t count = rows.numel();
    const auto* row = rows.data_ptr<std::int64_t>();
    std::vector<RgbImage> parts(static_cast<std::size_t>(count));
    std::vector<std::int64_t> targets(static_cast<std::size_t>(count));
    in_parallel(count, [&](std::int64_t i) {
      const LabelledFile& file = listing_.files[static_cast<std::size_t>(row[i])];
      const RgbImage image = read_image(file.path);
      parts[static_cast<std::size_t>(i)] = cropped(image, crop_.box(image.width, image.height, rng, i));
      targets[static_cast<std::size_t>(i)] = file.label;
    });
    const torch::Tensor inputs = torch::empty({count, 3, crop_.side, crop_.side}, torch::kUInt8);
    for (std::int64_t i = 0; i < count; ++i) inputs[i] = scaled(parts[static_cast<std::size_t>(i)]);
    return {inputs, torch::tensor(targets, torch::kInt64)};
  }

 private:
  /// work(0) to work(count - 1) on the threads. Throws what the first of them in that order threw.
  template <class Work>
  void in_parallel(std::int64_t count, const Work& work) const {
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
    std::atomic<std::int64_t> next = 0;
    std::atomic<bool> failed = false;
    const auto run = [&] {
      for (std::int64_t i = next++; i < count && !failed; i = next++) {
        try {
          work(i);
        } catch (...) {
          errors[static_cast<std::size_t>(i)] = std::current_exception();
          failed = true;
        }
      }
    };
    std::vector<std::jthread> helpers;
    for (std::int64_t t = 1; t < std::min<std::int64_t>(threads_, count); ++t) helpers.emplace_back(run);
    run();
    helpers.clear();
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }

  /// [3, side, side]: linear, what is shrunk is averaged, an image of the right size stays as it is.
  [[nodiscard]] torch::Tensor scaled(RgbImage& part) const {
    namespace F = torch::nn::functional;
    const torch::Tensor pixels = torch::from_blob(part.pixels.data(), {1, part.height, part.width, 3}, torch::kUInt8);
    const torch::Tensor planes =
        pixels.permute({0, 3, 1, 2}).to(torch::kFloat32, false, false, torch::MemoryFormat::Contiguous);
    const auto options = F::InterpolateFuncOptions()
                             .size(std::vector<std::int64_t>{crop_.side, crop_.side})
                             .mode(torch::kBilinear)
                             .align_corners(false)
                             .antialias(true);
    return F::interpolate(planes, options)[0].round_().clamp_(0, 255).to(torch::kUInt8);
  }

  ImageListing listing_;
  Crop crop_;
  int threads_;
};

static_assert(Dataset<ImageFolder<CenterCrop>> && HasFingerprint<ImageFolder<CenterCrop>>);

}  // namespace afd
