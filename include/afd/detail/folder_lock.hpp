// SPDX-License-Identifier: MIT
#pragma once

// A folder for one process at a time. Torch-free; POSIX.

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Holds the file "lock" in a folder while it lives. The system gives it back when its process ends, in whatever way.
class FolderLock {
 public:
  enum class WhenHeld { refuse, wait };

  /// Where another one holds it, waits until that is over, or throws ConfigError. Throws FileError if there can be
  /// none.
  explicit FolderLock(const std::filesystem::path& folder, WhenHeld when_held = WhenHeld::refuse)
      : path_(folder / "lock"), file_(path_, O_WRONLY | O_CREAT) {
    if (file_.get() >= 0 && lock(when_held)) return;
    if (file_.get() >= 0 && errno == EWOULDBLOCK) {
      throw ConfigError(concat("another training is at work in ", folder, "; give each a folder of its own"));
    }
    throw FileError(concat("cannot lock ", folder, ": ", std::generic_category().message(errno)));
  }

  /// Whether the file that is held is still the one that others find there.
  [[nodiscard]] bool is_in_place() const {
    struct stat held{}, found{};
    return ::fstat(file_.get(), &held) == 0 && ::stat(path_.c_str(), &found) == 0 && held.st_dev == found.st_dev &&
           held.st_ino == found.st_ino;
  }

 private:
  [[nodiscard]] bool lock(WhenHeld when_held) const {
    const int how = when_held == WhenHeld::wait ? LOCK_EX : LOCK_EX | LOCK_NB;
    while (::flock(file_.get(), how) != 0) {
      if (errno != EINTR) return false;
    }
    return true;
  }

  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace afd::detail
