// SPDX-License-Identifier: MIT
#pragma once

// Files that may be gzip-compressed, with every checksum verified. Needs zlib (CMake target afd::gzip), so it
// is not part of afd/afd.hpp. Torch-free.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string_view>

#include <zlib.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

namespace detail {

/// zlib's decoder for one gzip member after another.
class Inflater {
 public:
  explicit Inflater(std::string_view name) : name_(name) {
    constexpr int gzip_only = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) {
      throw Error(concat("cannot unpack ", name_, ": zlib could not start (out of memory?)"));
    }
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Appends the member at the front of `packed` to `unpacked`; returns what follows the member.
  [[nodiscard]] std::span<const std::uint8_t> member(std::span<const std::uint8_t> packed, Bytes& unpacked) {
    inflateReset(&stream_);
    std::array<std::uint8_t, 1 << 16> piece;
    for (int status = Z_OK; status != Z_STREAM_END;) {
      const std::size_t offered = std::min(packed.size(), static_cast<std::size_t>(std::numeric_limits<uInt>::max()));
      // zlib's next_in is not const unless ZLIB_CONST was defined before its first inclusion; it only reads.
      stream_.next_in = const_cast<Bytef*>(packed.data());
      stream_.avail_in = static_cast<uInt>(offered);
      stream_.next_out = piece.data();
      stream_.avail_out = static_cast<uInt>(piece.size());
      status = inflate(&stream_, Z_NO_FLUSH);
      packed = packed.subspan(offered - stream_.avail_in);
      unpacked.insert(unpacked.end(), piece.data(), stream_.next_out);
      if (status == Z_BUF_ERROR) {
        throw FormatError(concat(name_, " is a truncated gzip file: it ends after ", unpacked.size(),
                                 " unpacked bytes, before its checksum; get the file again"));
      }
      if (status != Z_OK && status != Z_STREAM_END) {
        throw FormatError(concat(name_, " is a damaged gzip file (",
                                 stream_.msg != nullptr ? stream_.msg : zError(status), ") after ", unpacked.size(),
                                 " unpacked bytes; get the file again"));
      }
    }
    return packed;
  }

 private:
  z_stream stream_{};
  std::string_view name_;
};

}  // namespace detail

/// Unpacks gzip data (RFC 1952), one or several members. Throws FormatError naming `name` when the data is
/// not gzip, is truncated, fails a checksum, or is followed by anything else.
[[nodiscard]] inline Bytes gunzip(std::span<const std::uint8_t> packed, std::string_view name) {
  Bytes unpacked;
  detail::Inflater inflater(name);
  do {
    if (!detail::starts_like_gzip(packed)) {
      throw FormatError(detail::concat(name, " holds ", packed.size(), " bytes that are not gzip data after ",
                                       unpacked.size(), " unpacked bytes; get the file again"));
    }
    packed = inflater.member(packed, unpacked);
  } while (!packed.empty());
  return unpacked;
}

/// Reads gzip-compressed files unpacked and all others as they are. Throws FileError (missing, a directory,
/// unreadable) and FormatError (truncated or damaged).
struct GzipFiles {
  [[nodiscard]] Bytes operator()(const std::filesystem::path& path) const {
    Bytes bytes = detail::read_raw(path);
    return detail::starts_like_gzip(bytes) ? gunzip(bytes, path.string()) : bytes;
  }
};

static_assert(FileReader<GzipFiles>);

}  // namespace afd
