// SPDX-License-Identifier: MIT
#pragma once

// Images to read back, written by stb.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <stb/stb_image_write.h>

#include "support/doctest.hpp"

namespace afd_test {

/// width x height pixels of `channels` values each; PNG keeps them, JPEG comes near.
inline void write_image(const std::filesystem::path& path, int width, int height, int channels,
                        const std::vector<std::uint8_t>& pixels) {
  std::filesystem::create_directories(path.parent_path());
  REQUIRE(pixels.size() == static_cast<std::size_t>(width * height * channels));
  const std::string name = path.string();
  const bool is_png = path.extension() == ".png";
  REQUIRE((is_png ? stbi_write_png(name.c_str(), width, height, channels, pixels.data(), width * channels)
                  : stbi_write_jpg(name.c_str(), width, height, channels, pixels.data(), 95)) != 0);
}

/// Every pixel of one colour.
inline void write_plain_image(const std::filesystem::path& path, int width, int height, std::uint8_t red,
                              std::uint8_t green, std::uint8_t blue) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < width * height; ++i) pixels.insert(pixels.end(), {red, green, blue});
  write_image(path, width, height, 3, pixels);
}

}  // namespace afd_test
