// SPDX-License-Identifier: MIT
#pragma once

// Photographs from files: JPEG, PNG and BMP, decoded by stb. Needs libstb (CMake target afd::images), so it
// is not part of afd/afd.hpp. Torch-free.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include <stb/stb_image.h>

#include <afd/data/bytes.hpp>
#include <afd/data/image_crop.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// Pixels row by row, red, green and blue of each.
struct RgbImage {
  std::int64_t width = 0;
  std::int64_t height = 0;
  Bytes pixels;  ///< height x width x 3
};

/// No photograph has more.
inline constexpr std::int64_t max_image_pixels = 100'000'000;

/// The image in `bytes`; grey ones get three equal channels, an alpha channel is dropped. Throws FormatError with the
/// decoder's reason, naming `name`.
[[nodiscard]] inline RgbImage decode_image(std::span<const std::uint8_t> bytes, std::string_view name) {
  constexpr int channels = 3;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw FormatError(detail::concat(name, " is no image: it has ", bytes.size(), " bytes"));
  }
  // Other formats do not come near the decoder: what it reads of some of them ends after their bytes.
  const auto begins = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin(), [](char a, auto b) {
             return static_cast<std::uint8_t>(a) == b;
           });
  };
  if (!begins("\xff\xd8\xff") && !begins("\x89PNG") && !begins("BM")) {
    throw FormatError(detail::concat(name, " cannot be decoded as JPEG, PNG or BMP (it begins otherwise)"));
  }
  int width = 0, height = 0, channels_in_file = 0;
  // Looked at first: the decoder takes memory for whatever a damaged header says.
  if (stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels_in_file) != 0 &&
      std::int64_t{width} * height > max_image_pixels) {
    throw FormatError(detail::concat(name, " is no image that can be taken: it is ", width, " x ", height,
                                     " pixels large, more than ", max_image_pixels, " in all"));
  }
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels_in_file, channels),
      stbi_image_free);
  if (!pixels) {
    throw FormatError(detail::concat(name, " cannot be decoded as JPEG, PNG or BMP (", stbi_failure_reason(),
                                     "); get the file again, or leave it out of the folder"));
  }
  if (width < 1 || height < 1) {
    throw FormatError(detail::concat(name, " is no image: it is ", width, " x ", height, " pixels large"));
  }
  const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels;
  return {width, height, Bytes(pixels.get(), pixels.get() + count)};
}

/// Throws FileError for a file that cannot be read, FormatError for one that is no image.
[[nodiscard]] inline RgbImage read_image(const std::filesystem::path& path) {
  const Bytes bytes = detail::read_raw(path);
  return decode_image(bytes, path.string());
}

/// The pixels of `box` alone. Throws DataError for a box that is not inside the image.
[[nodiscard]] inline RgbImage cropped(const RgbImage& image, const CropBox& box) {
  const bool fits = box.left >= 0 && box.top >= 0 && box.width >= 1 && box.height >= 1 &&
                    box.left + box.width <= image.width && box.top + box.height <= image.height;
  if (!fits) {
    throw DataError(detail::concat("cannot cut a box of ", box.width, " x ", box.height, " at ", box.left, ", ",
                                   box.top, " out of an image of ", image.width, " x ", image.height));
  }
  RgbImage part{box.width, box.height, {}};
  part.pixels.reserve(static_cast<std::size_t>(box.width * box.height * 3));
  for (std::int64_t row = box.top; row < box.top + box.height; ++row) {
    const auto first = image.pixels.begin() + (row * image.width + box.left) * 3;
    part.pixels.insert(part.pixels.end(), first, first + box.width * 3);
  }
  return part;
}

}  // namespace afd
