// SPDX-License-Identifier: MIT
#pragma once

// Pixels of a photograph. Torch-free.

#include <cstddef>
#include <cstdint>
#include <string_view>

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

/// More than this, 300 MB of pixels, is taken for a damaged header.
inline constexpr std::int64_t max_image_pixels = 100'000'000;

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

namespace detail {

/// A header can claim any size: looked at before memory is taken for it.
inline void check_image_size(std::int64_t width, std::int64_t height, std::string_view name) {
  if (width >= 1 && height >= 1 && width <= max_image_pixels / height) return;
  throw FormatError(concat(name, " is no image that can be taken: its header says ", width, " x ", height,
                           " pixels, not 1 to ", max_image_pixels, " in all"));
}

[[noreturn]] inline void refuse_image(std::string_view name, const char* format, const char* reason) {
  throw FormatError(concat(name, " cannot be decoded as ", format, " (", reason,
                           "); get the file again, or leave it out of the folder"));
}

}  // namespace detail
}  // namespace afd
