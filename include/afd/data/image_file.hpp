// SPDX-License-Identifier: MIT
#pragma once

// Photographs from files, JPEG and PNG. Needs libjpeg-turbo and libpng (CMake target afd::images), so it is not part of
// afd/afd.hpp. Torch-free.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include <afd/data/bytes.hpp>
#include <afd/data/jpeg.hpp>
#include <afd/data/png.hpp>
#include <afd/data/rgb_image.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// The image in `bytes`, whatever its name ends in. Throws FormatError with the decoder's reason, naming `name`.
[[nodiscard]] inline RgbImage decode_image(std::span<const std::uint8_t> bytes, std::string_view name) {
  const auto begins = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin(),
                                                      [](char a, auto b) { return static_cast<std::uint8_t>(a) == b; });
  };
  if (begins("\xff\xd8\xff")) return decode_jpeg(bytes, name);
  if (begins("\x89PNG")) return decode_png(bytes, name);
  throw FormatError(detail::concat(name, " cannot be decoded: it begins neither as a JPEG nor as a PNG does"));
}

/// Throws FileError for a file that cannot be read, FormatError for one that is no image.
[[nodiscard]] inline RgbImage read_image(const std::filesystem::path& path) {
  const Bytes bytes = detail::read_raw(path);
  return decode_image(bytes, path.string());
}

}  // namespace afd
