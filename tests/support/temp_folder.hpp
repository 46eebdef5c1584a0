// SPDX-License-Identifier: MIT
#pragma once

// A new empty folder for one test, removed at its end, and bytes into files. Torch-free.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/remove_folder.hpp"

namespace afd_test {

class TempFolder {
 public:
  TempFolder() {
    const std::filesystem::path parent = std::filesystem::temp_directory_path();
    for (int number = 0;; ++number) {
      path_ = parent / ("afd_test_" + std::to_string(number));
      if (std::filesystem::create_directory(path_)) return;
    }
  }
  ~TempFolder() { remove_folder(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(std::string_view name, const std::vector<std::uint8_t>& bytes) const {
    const std::filesystem::path path = path_ / name;
    std::ofstream file(path, std::ios::binary);
    for (const std::uint8_t byte : bytes) file.put(static_cast<char>(byte));
    return path;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace afd_test
