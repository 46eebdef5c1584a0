// SPDX-License-Identifier: MIT
#pragma once

// Checkpoints of a run in a folder: each a file of its own, written whole or not at all and checked before it is read.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <afd/data/bytes.hpp>
#include <afd/data/envelope.hpp>
#include <afd/data/state_dict.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

struct CheckpointOptions {
  std::filesystem::path folder{};  ///< where checkpoints lie, made if need be; empty: none are written or read
  std::int64_t every_epochs = 1;   ///< epochs between checkpoints; 0: only at the end and when the training is stopped
  std::int64_t every_steps = 0;    ///< steps between checkpoints inside an epoch; 0: none
  std::int64_t keep_last = 2;      ///< how many stay, the newest ones
  bool keep_best = true;           ///< best.afd stays, too: after the epoch of the best mean top-1
  bool asynchronous = false;       ///< written on a thread of its own; the next one waits for it
  /// What the user should know: where the training goes on, which file is damaged, what could not be written.
  std::function<void(const std::string&)> say = [](const std::string& text) { std::cerr << "afd: " << text << '\n'; };
};

/// Version of what is in a checkpoint; older ones can be read.
inline constexpr ContentKind checkpoint_kind{"run", 1};

/// The state in a checkpoint. Throws FileError for a file that cannot be read, FormatError for one that is damaged, of
/// a newer version, or something else.
[[nodiscard]] inline StateDict read_checkpoint(const std::filesystem::path& path) {
  const Bytes bytes = detail::read_raw(path);
  const std::string name = path.string();
  return StateDict::from_bytes(unseal(bytes, checkpoint_kind, name), name);
}

namespace detail {

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

  /// The newest first; none if there is no such folder.
  [[nodiscard]] std::vector<File> files() const {
    std::vector<File> all;
    std::error_code problem;
    for (std::filesystem::directory_iterator entry(folder_, problem), end; !problem && entry != end;
         entry.increment(problem)) {
      if (const auto step = step_of(entry->path().filename().string())) all.push_back({*step, entry->path()});
    }
    std::sort(all.begin(), all.end(), [](const File& a, const File& b) { return a.step > b.step; });
    return all;
  }

  /// Removes all but the newest `count`, and temporary files that a killed process left. A file that cannot be removed
  /// stays.
  void prune(std::int64_t count) const {
    std::vector<File> all = files();
    std::error_code ignored;
    for (std::size_t i = static_cast<std::size_t>(count); i < all.size(); ++i) {
      std::filesystem::remove(all[i].path, ignored);
    }
    std::vector<std::filesystem::path> left;
    for (std::filesystem::directory_iterator entry(folder_, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
      const std::string name = entry->path().filename().string();
      if (name.ends_with(".tmp") && name.find(".afd.") != std::string::npos) left.push_back(entry->path());
    }
    for (const std::filesystem::path& path : left) std::filesystem::remove(path, ignored);
  }

  /// Throws FileError if the folder cannot be made.
  void make() const {
    std::error_code problem;
    std::filesystem::create_directories(folder_, problem);
    if (problem) throw FileError(concat("cannot make the folder ", folder_, ": ", problem.message()));
  }

 private:
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

/// The newest state in the folder that is whole, and the file it is in; nothing if there is no file. Tells the user of
/// damaged ones. Throws FormatError if all are damaged: to begin anew would be to lose them.
struct FoundCheckpoint {
  StateDict state;
  std::filesystem::path path;
};
[[nodiscard]] inline std::optional<FoundCheckpoint> newest_checkpoint(const CheckpointOptions& options) {
  const std::vector<CheckpointFolder::File> files = CheckpointFolder(options.folder).files();
  for (const CheckpointFolder::File& file : files) {
    try {
      return FoundCheckpoint{read_checkpoint(file.path), file.path};
    } catch (const FormatError& error) {
      options.say(concat(error.what(), "; looking for an older checkpoint"));
    }
  }
  if (files.empty()) return std::nullopt;
  throw FormatError(concat("every checkpoint in ", options.folder, " is damaged; remove them to begin anew"));
}

}  // namespace detail
}  // namespace afd
