// SPDX-License-Identifier: MIT
#pragma once

// Writes a file whole or not at all: temporary file, fsync, rename, fsync of the folder. Torch-free; POSIX.

#include <cerrno>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// A file descriptor that is closed in any case.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
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

/// Puts `bytes` into the file `path`. If it returns, they are on the disk; if it throws FileError, a file that was
/// there before is untouched, and no temporary one is left.
inline void write_file_atomically(const std::filesystem::path& path, std::span<const char> bytes) {
  std::filesystem::path temporary = path;
  temporary += concat(".", ::getpid(), ".tmp");
  const auto fail = [&](const char* what) {
    const std::string reason = std::generic_category().message(errno);
    ::unlink(temporary.c_str());
    throw FileError(concat("cannot write ", path, ": ", what, ": ", reason));
  };
  {
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.get() < 0) fail("the folder does not take a new file");
    if (!write_all(file.get(), bytes)) fail("writing failed");
    if (::fsync(file.get()) != 0 || !file.close()) fail("the disk did not take it");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail("renaming failed");
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  // The new name is durable only with its folder. Some file systems cannot sync one; the file is there all the same.
  const Descriptor directory(folder, O_RDONLY | O_DIRECTORY);
  if (directory.get() >= 0) static_cast<void>(::fsync(directory.get()));
}

}  // namespace afd::detail
