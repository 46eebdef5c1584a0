// SPDX-License-Identifier: MIT
// Small images of every kind for the fuzzer to begin with: image_seeds <folder>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>

#include "support/write_image.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  std::mt19937 random(1);
  int count = 0;
  const auto write = [&](const afd_test::ImageBytes& bytes) {
    afd_test::write_bytes(folder / ("seed" + std::to_string(count++)), bytes);
  };
  for (const int side : {1, 7, 17}) {
    for (const int channels : {1, 3, 4}) {
      afd_test::ImageBytes pixels(static_cast<std::size_t>(side * (side + 1) * channels));
      for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(random());
      write(afd_test::png_of(side, side + 1, channels, pixels));
      for (const int subsampling : {TJSAMP_444, TJSAMP_420}) {
        for (const int flags : {0, TJFLAG_PROGRESSIVE}) {
          write(afd_test::jpeg_of(side, side + 1, channels, pixels, subsampling, flags));
        }
      }
    }
  }
}
