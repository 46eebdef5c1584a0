// SPDX-License-Identifier: MIT
#pragma once

// A folder of checkpoints: which files there are, which one to go on from, which ones may go.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/make_folder.hpp>
#include <afd/error.hpp>
#include <afd/state/state_dict.hpp>

namespace afd::detail {

/// The files of a folder of checkpoints, by the step that they were written after.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  struct File {
    std::int64_t step;
    std::filesystem::path path;
  };

  /// "step_000000001234.afd".
  [[nodiscard]] std::filesystem::path path_of(std::int64_t step) const {
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 12 ? 12 - digits.size() : 0, '0');
    return folder_ / ("step_" + digits + ".afd");
  }
  [[nodiscard]] std::filesystem::path best_path() const { return folder_ / "best.afd"; }

  /// The newest first; none if there is no such folder. Throws FileError for a folder that cannot be read: what is in
  /// it must not be taken for nothing.
  [[nodiscard]] std::vector<File> files() const {
    std::vector<File> all;
    for_each_file([&](const std::filesystem::path& path) {
      if (const auto step = step_of(path.filename().string())) all.push_back({*step, path});
    });
    std::sort(all.begin(), all.end(), [](const File& a, const File& b) { return a.step > b.step; });
    return all;
  }

  /// Of the files up to `newest`, removes all but the last `count`. One that cannot be removed stays.
  void prune(std::int64_t count, std::int64_t newest) const {
    std::error_code ignored;
    for (const File& file : files()) {
      if (file.step <= newest && count-- <= 0) std::filesystem::remove(file.path, ignored);
    }
  }

  /// Removes temporary files that a killed process left.
  void remove_temporary() const {
    std::vector<std::filesystem::path> left;
    for_each_file([&](const std::filesystem::path& path) {
      const std::string name = path.filename().string();
      if (name.ends_with(".tmp") && name.find(".afd.") != std::string::npos) left.push_back(path);
    });
    std::error_code ignored;
    for (const std::filesystem::path& path : left) std::filesystem::remove(path, ignored);
  }

  /// Throws FileError if the folder cannot be made.
  void make() const { make_folder(folder_); }

 private:
  template <class Use>
  void for_each_file(const Use& use) const {
    std::error_code problem;
    for (std::filesystem::directory_iterator entry(folder_, problem), end; !problem && entry != end;
         entry.increment(problem)) {
      use(entry->path());
    }
    if (problem && problem != std::errc::no_such_file_or_directory) {
      throw FileError(concat("cannot read the folder ", folder_, ": ", problem.message()));
    }
  }

  static std::optional<std::int64_t> step_of(std::string_view name) {
    if (!name.starts_with("step_") || !name.ends_with(".afd")) return std::nullopt;
    const std::string_view digits = name.substr(5, name.size() - 9);
    std::int64_t step = 0;
    for (const char digit : digits) {
      if (digit < '0' || digit > '9' || step > INT64_MAX / 10 - 10) return std::nullopt;
      step = 10 * step + (digit - '0');
    }
    return digits.empty() ? std::nullopt : std::optional(step);
  }

  std::filesystem::path folder_;
};

struct FoundCheckpoint {
  StateDict state;
  std::filesystem::path path;
};

/// The newest state in the folder that is whole, best.afd being the last resort; nothing if there is no file. Tells the
/// user of files that are damaged or cannot be read, and puts damaged ones that are newer out of the way, as
/// "<name>.damaged". Throws FormatError if there are files, but none is whole: to begin anew would be to lose them, and
/// all stay where they are; VersionError for a file of a newer format, which only a newer library may judge; FileError
/// for a folder that cannot be read.
[[nodiscard]] inline std::optional<FoundCheckpoint> newest_checkpoint(const CheckpointOptions& options) {
  const CheckpointFolder folder(options.folder);
  std::vector<std::filesystem::path> paths, damaged;
  for (const CheckpointFolder::File& file : folder.files()) paths.push_back(file.path);
  std::error_code ignored;
  if (std::filesystem::exists(folder.best_path(), ignored)) paths.push_back(folder.best_path());
  for (const std::filesystem::path& path : paths) {
    const auto passed_over = [&](const FileError& error) {
      tell(options, concat(error.what(), "; looking for an older checkpoint"));
    };
    try {
      FoundCheckpoint found{read_checkpoint(path), path};
      for (std::filesystem::path& one : damaged) {
        const std::filesystem::path from = one;
        std::filesystem::rename(from, one += ".damaged", ignored);
      }
      return found;
    } catch (const VersionError&) {
      throw;
    } catch (const FormatError& error) {
      passed_over(error);
      damaged.push_back(path);
    } catch (const FileError& error) {
      passed_over(error);
    }
  }
  if (paths.empty()) return std::nullopt;
  throw FormatError(concat("no checkpoint in ", options.folder, " can be used; move the folder away to begin anew"));
}

}  // namespace afd::detail
