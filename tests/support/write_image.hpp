// SPDX-License-Identifier: MIT
#pragma once

// Images to read back, written by the libraries that read them.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include <png.h>
#include <turbojpeg.h>

namespace afd_test {

using ImageBytes = std::vector<std::uint8_t>;

/// width x height pixels of 1, 3 or 4 values each, as they are.
inline ImageBytes png_of(int width, int height, int channels, const ImageBytes& pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = channels == 1 ? PNG_FORMAT_GRAY : channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  ImageBytes bytes(size);
  if (pixels.size() != PNG_IMAGE_SIZE(image) ||
      png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error("cannot write a PNG");
  }
  bytes.resize(size);
  return bytes;
}

/// width x height pixels of 1, 3 or 4 (CMYK) values each, nearly as they are.
inline ImageBytes jpeg_of(int width, int height, int channels, const ImageBytes& pixels, int subsampling = TJSAMP_444,
                          int flags = 0) {
  const tjhandle encoder = tjInitCompress();
  unsigned char* written = nullptr;
  unsigned long size = 0;
  const int format = channels == 1 ? TJPF_GRAY : channels == 3 ? TJPF_RGB : TJPF_CMYK;
  const std::size_t values =
      static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(channels);
  const bool is_done =
      pixels.size() == values && tjCompress2(encoder, pixels.data(), width, 0, height, format, &written, &size,
                                             channels == 1 ? TJSAMP_GRAY : subsampling, 95, flags) == 0;
  const ImageBytes bytes(written, written + (is_done ? size : 0));
  tjFree(written);
  tjDestroy(encoder);
  if (!is_done) throw std::runtime_error("cannot write a JPEG");
  return bytes;
}

inline void write_bytes(const std::filesystem::path& path, const ImageBytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  for (const std::uint8_t byte : bytes) file.put(static_cast<char>(byte));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

/// In the format that the name ends in.
inline void write_image(const std::filesystem::path& path, int width, int height, int channels,
                        const ImageBytes& pixels) {
  std::filesystem::create_directories(path.parent_path());
  const bool is_png = path.extension() == ".png";
  write_bytes(path, is_png ? png_of(width, height, channels, pixels) : jpeg_of(width, height, channels, pixels));
}

inline ImageBytes plain_pixels(int count, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  ImageBytes pixels;
  for (int i = 0; i < count; ++i) pixels.insert(pixels.end(), {red, green, blue});
  return pixels;
}

/// Every pixel of one colour.
inline void write_plain_image(const std::filesystem::path& path, int width, int height, std::uint8_t red,
                              std::uint8_t green, std::uint8_t blue) {
  write_image(path, width, height, 3, plain_pixels(width * height, red, green, blue));
}

}  // namespace afd_test
