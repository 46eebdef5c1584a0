// SPDX-License-Identifier: MIT
#pragma once

// Writes a file whole or not at all: temporary file, fsync, rename, fsync of the folder. Torch-free; POSIX.

#include <cerrno>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// A file descriptor that is closed in any case.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

  /// close(), whose result counts: some file systems report a full disk only here.
  [[nodiscard]] bool close() {
    const int closed = ::close(number_);
    number_ = -1;
    return closed == 0;
  }

 private:
  int number_;
};

[[nodiscard]] inline bool write_all(int descriptor, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// Puts what a folder says of its files on the disk. False if it could not; true for file systems that have no such
/// thing.
[[nodiscard]] inline bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor directory(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
  return directory.get() >= 0 && (::fsync(directory.get()) == 0 || errno == EINVAL || errno == ENOTSUP);
}

/// Puts `bytes` into the file `path`. If it returns, they are on the disk. If it throws FileError, no temporary file is
/// left, and a file that was there before is untouched; unless it is only the folder that could not be put on the disk:
/// then the new file is there, but may be gone after a loss of power.
inline void write_file_atomically(const std::filesystem::path& path, std::span<const char> bytes) {
  std::filesystem::path temporary;
  const auto fail = [&](const char* what) {
    const std::string reason = std::generic_category().message(errno);
    ::unlink(temporary.c_str());
    throw FileError(concat("cannot write ", path, ": ", what, ": ", reason));
  };
  {
    // Of all processes that write here, on this machine or another, one has this name.
    const auto make = [&](int attempt) {
      temporary = path;
      temporary += concat(".", ::getpid(), "_", attempt, ".tmp");
      return Descriptor(temporary, O_WRONLY | O_CREAT | O_EXCL);
    };
    Descriptor file = make(0);
    for (int attempt = 1; file.get() < 0 && errno == EEXIST && attempt < 100; ++attempt) file = make(attempt);
    if (file.get() < 0) {
      temporary.clear();  // none of ours
      fail("the folder does not take a new file");
    }
    if (!write_all(file.get(), bytes)) fail("writing failed");
    if (::fsync(file.get()) != 0 || !file.close()) fail("the disk did not take it");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail("renaming failed");
  if (!sync_folder(path.parent_path())) {
    throw FileError(concat(
        path, " is written, but its folder cannot be put on the disk: ", std::generic_category().message(errno)));
  }
}

}  // namespace afd::detail
