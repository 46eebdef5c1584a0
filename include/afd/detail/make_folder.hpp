// SPDX-License-Identifier: MIT
#pragma once

// Makes a folder and puts it on the disk. Torch-free; POSIX.

#include <filesystem>
#include <system_error>

#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// And those above it; nothing if it is there. Throws FileError.
inline void make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  const bool is_new = std::filesystem::create_directories(folder, problem);
  if (problem) throw FileError(concat("cannot make the folder ", folder, ": ", problem.message()));
  if (!is_new || sync_folder(folder.parent_path())) return;
  throw FileError(concat("the folder ", folder, " is made, but cannot be put on the disk"));
}

}  // namespace afd::detail
