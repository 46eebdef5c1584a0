// SPDX-License-Identifier: MIT
#pragma once

// Whole files as bytes: the FileReader concept that every file format here is parameterised on, and the
// reader for plain files. Torch-free.

#include <array>
#include <cerrno>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

using Bytes = std::vector<std::uint8_t>;

/// Anything that gives the whole content of a file: `Bytes reader(path)`, const; throws FileError.
/// Not required: a base class, a default constructor, or that the path names a file on disk.
template <class R>
concept FileReader = requires(const R& reader, const std::filesystem::path& path) {
  { reader(path) } -> std::same_as<Bytes>;
};

namespace detail {

[[nodiscard]] inline bool starts_like_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/// The content of a file as it is on disk. Throws FileError with the path and the reason.
[[nodiscard]] inline Bytes read_raw(const std::filesystem::path& path) {
  std::error_code problem;
  const std::filesystem::file_status status = std::filesystem::status(path, problem);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw FileError(concat("cannot read ", path, ": there is no such file"));
  }
  if (problem) throw FileError(concat("cannot read ", path, ": ", problem.message()));
  if (std::filesystem::is_directory(status)) {
    throw FileError(concat("cannot read ", path, ": it is a directory, a file is needed"));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw FileError(concat("cannot open ", path, ": ", std::generic_category().message(errno)));
  }

  Bytes bytes;
  if (const std::uintmax_t size = std::filesystem::file_size(path, problem); !problem) {
    bytes.reserve(size);
  }
  // In pieces to the end, whatever the size was said to be: pipes have none.
  std::array<char, 1 << 16> piece;
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + file.gcount());
  }
  if (file.bad()) {
    throw FileError(concat("cannot read ", path, ": the read failed after ", bytes.size(), " bytes"));
  }
  return bytes;
}

}  // namespace detail

/// Reads files as they are. Throws FileError (missing, a directory, unreadable), and FormatError for a
/// gzip-compressed file, which no format of this library can be mistaken for.
struct PlainFiles {
  [[nodiscard]] Bytes operator()(const std::filesystem::path& path) const {
    Bytes bytes = detail::read_raw(path);
    if (detail::starts_like_gzip(bytes)) {
      throw FormatError(
          detail::concat(path,
                         " is gzip-compressed: pass afd::GzipFiles{} as the reader (header afd/data/gzip.hpp, CMake "
                         "target afd::gzip), or unpack it with gunzip"));
    }
    return bytes;
  }
};

static_assert(FileReader<PlainFiles>);

}  // namespace afd
