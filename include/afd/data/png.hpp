// SPDX-License-Identifier: MIT
#pragma once

// PNG by libpng (CMake target afd::images), so it is not part of afd/afd.hpp. Torch-free.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <png.h>

#include <afd/data/bytes.hpp>
#include <afd/data/rgb_image.hpp>

namespace afd {

/// The PNG in `bytes`, as sRGB of 8 bits; grey ones get three equal channels, an alpha channel is dropped. Throws
/// FormatError with libpng's reason, naming `name`.
[[nodiscard]] inline RgbImage decode_png(std::span<const std::uint8_t> bytes, std::string_view name) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> owner(&image, png_image_free);
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) {
    detail::refuse_image(name, "PNG", image.message);
  }
  detail::check_image_size(image.width, image.height, name);
  // Without it, channels of 16 bits would be taken for linear light.
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  // libpng drops alpha by blending with a background; other readers keep the colours.
  const bool has_alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  image.format = has_alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  const std::size_t count = std::size_t{image.width} * image.height;
  Bytes pixels(count * (has_alpha ? 4 : 3));
  if (png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) == 0) {
    detail::refuse_image(name, "PNG", image.message);
  }
  if (has_alpha) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t channel = 0; channel < 3; ++channel) pixels[3 * i + channel] = pixels[4 * i + channel];
    }
    pixels.resize(3 * count);
  }
  return {image.width, image.height, std::move(pixels)};
}

}  // namespace afd
