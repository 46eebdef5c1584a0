// SPDX-License-Identifier: MIT
#pragma once

// JPEG by libjpeg-turbo (CMake target afd::images), so it is not part of afd/afd.hpp. Torch-free.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <turbojpeg.h>

#include <afd/data/bytes.hpp>
#include <afd/data/rgb_image.hpp>

namespace afd {

namespace detail {

/// Red, green and blue of cyan, magenta, yellow and black, which files hold inverted.
[[nodiscard]] inline Bytes rgb_of_cmyk(const Bytes& inks) {
  Bytes pixels;
  pixels.reserve(inks.size() / 4 * 3);
  for (std::size_t i = 0; i + 3 < inks.size(); i += 4) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      pixels.push_back(static_cast<std::uint8_t>((inks[i + channel] * inks[i + 3] + 127) / 255));
    }
  }
  return pixels;
}

}  // namespace detail

/// The JPEG in `bytes`; grey ones get three equal channels. Bytes between segments that mean nothing are passed over;
/// whatever else the decoder complains of is an error. Throws FormatError with its reason, naming `name`.
[[nodiscard]] inline RgbImage decode_jpeg(std::span<const std::uint8_t> bytes, std::string_view name) {
  struct Destroy {
    void operator()(void* decoder) const { tjDestroy(decoder); }
  };
  const std::unique_ptr<void, Destroy> decoder(tjInitDecompress());
  if (!decoder) detail::refuse_image(name, "JPEG", tjGetErrorStr2(nullptr));
  const auto refuse = [&] { detail::refuse_image(name, "JPEG", tjGetErrorStr2(decoder.get())); };

  int width = 0, height = 0, subsampling = 0, colours = -1;
  const int read =
      tjDecompressHeader3(decoder.get(), bytes.data(), bytes.size(), &width, &height, &subsampling, &colours);
  // It also fails for samplings that it has no name for, and that can be decoded.
  if (read != 0 && (width < 1 || height < 1)) refuse();
  detail::check_image_size(width, height, name);

  const bool is_cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  const std::size_t channels = is_cmyk ? 4 : 3;
  Bytes pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels);
  // A small file can have very many scans, each as much work as the whole image.
  if (tjDecompress2(decoder.get(), bytes.data(), bytes.size(), pixels.data(), width, 0, height,
                    is_cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_LIMITSCANS) != 0) {
    const std::string_view reason = tjGetErrorStr2(decoder.get());
    const bool is_harmless = tjGetErrorCode(decoder.get()) == TJERR_WARNING &&
                             reason.find("extraneous bytes before marker") != std::string_view::npos;
    if (!is_harmless) refuse();
  }
  return {width, height, is_cmyk ? detail::rgb_of_cmyk(pixels) : std::move(pixels)};
}

}  // namespace afd
