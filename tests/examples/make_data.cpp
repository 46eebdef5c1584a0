// SPDX-License-Identifier: MIT

// Small data sets in the formats of published ones: make_data <folder> makes cifar10, cifar100 and folders in it.
// Classes differ in colour, so that networks can learn them.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "support/write_image.hpp"

namespace {

using Pixels = std::vector<std::uint8_t>;

/// A plane of noise for each channel, brighter in the channel of the class.
Pixels planes(int label, std::size_t count, std::mt19937& random) {
  Pixels pixels;
  for (int channel = 0; channel < 3; ++channel) {
    for (std::size_t i = 0; i < count; ++i) {
      pixels.push_back(static_cast<std::uint8_t>(random() % 120 + (label % 3 == channel ? 120 : 0)));
    }
  }
  return pixels;
}

void write_cifar(const std::filesystem::path& path, int records, int classes, bool has_coarse, std::mt19937& random) {
  std::ofstream file(path, std::ios::binary);
  for (int i = 0; i < records; ++i) {
    const int label = i % classes;
    if (has_coarse) file.put(static_cast<char>(label % 20));
    file.put(static_cast<char>(label));
    for (const std::uint8_t pixel : planes(label, std::size_t{32} * 32, random)) file.put(static_cast<char>(pixel));
  }
}

void write_photograph(const std::filesystem::path& path, int label, int width, int height, std::mt19937& random) {
  const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const Pixels by_plane = planes(label, count, random);
  Pixels by_pixel;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) by_pixel.push_back(by_plane[channel * count + i]);
  }
  afd_test::write_image(path, width, height, 3, by_pixel);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  std::mt19937 random(1);
  for (const char* name : {"cifar10", "cifar100"}) std::filesystem::create_directories(folder / name);
  for (int i = 1; i <= 5; ++i) {
    write_cifar(folder / "cifar10" / ("data_batch_" + std::to_string(i) + ".bin"), 40, 10, false, random);
  }
  write_cifar(folder / "cifar10" / "test_batch.bin", 40, 10, false, random);
  write_cifar(folder / "cifar100" / "train.bin", 200, 100, true, random);
  write_cifar(folder / "cifar100" / "test.bin", 100, 100, true, random);
  for (const char* split : {"train", "val"}) {
    for (int label = 0; label < 3; ++label) {
      const std::filesystem::path of_class = folder / "folders" / split / ("class" + std::to_string(label));
      std::filesystem::create_directories(of_class);
      for (int i = 0; i < 12; ++i) {
        const std::string name = std::to_string(i) + (i % 2 == 0 ? ".jpg" : ".png");
        write_photograph(of_class / name, label, 40 + i, 52 - i, random);
      }
    }
  }
}
