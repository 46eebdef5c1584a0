// SPDX-License-Identifier: MIT
#pragma once

// Finding the files of a data set in a folder. Torch-free.

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// Which part of a published data set.
enum class Split { train, test };

/// The path of `name` in `folder`, or else of `name`.gz. Throws FileError, listing what was looked for, when
/// the folder has neither or is none.
[[nodiscard]] inline std::filesystem::path find_data_file(const std::filesystem::path& folder, std::string_view name) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw FileError(detail::concat("there is no folder ", folder, " to look for ", name, " in"));
  }
  for (const std::string& candidate : {std::string(name), std::string(name) + ".gz"}) {
    const std::filesystem::path path = folder / candidate;
    if (std::filesystem::exists(path, ignored)) return path;
  }
  throw FileError(detail::concat("the folder ", folder, " has neither ", name, " nor ", name,
                                 ".gz; pass the folder that holds the data set's files"));
}

}  // namespace afd
