// SPDX-License-Identifier: MIT
#pragma once

// Removes a folder with all in it. Not std::filesystem::remove_all: beside the LibTorch of PyTorch's wheel it crashed,
// see docs/compatibility.md. Torch-free.

#include <cstdio>
#include <filesystem>

#include <ftw.h>
#include <sys/stat.h>

namespace afd_test {

inline void remove_folder(const std::filesystem::path& folder) {
  constexpr int open_folders = 16;
  const auto remove = [](const char* path, const struct stat*, int, struct FTW*) { return std::remove(path); };
  static_cast<void>(nftw(folder.c_str(), remove, open_folders, FTW_DEPTH | FTW_PHYS));
}

}  // namespace afd_test
