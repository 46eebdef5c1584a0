// SPDX-License-Identifier: MIT
#pragma once

// An envelope around the content of a file, which says whether the file is whole before anybody reads the content.
// Torch-free.
//
//     magic (8 bytes) | kind (8 bytes of text, filled with zeros) | version (uint32) | zero (uint32) | length of the
//     content (uint64) | checksum of the content (uint64) | checksum of these 40 bytes (uint64) | content
//
// Numbers are little-endian. A change of a single byte is always found, any other with all but 2^-64 of chance.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <afd/data/bytes.hpp>
#include <afd/data/order.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// What is in an envelope, and which version of its format; a newer library reads older versions.
struct ContentKind {
  std::string_view name;  ///< of at most 8 characters
  std::uint32_t version;
};

namespace detail {

inline constexpr std::size_t envelope_size = 48;
/// Like PNG's: not text, and damaged by every transfer that takes it for text.
inline constexpr std::array<std::uint8_t, 8> envelope_magic{0x89, 'a', 'f', 'd', '\r', '\n', 0x1a, '\n'};

/// `size` bytes, the lowest first.
inline void put_number(Bytes& bytes, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

[[nodiscard]] inline std::uint64_t get_number(std::span<const std::uint8_t> bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) number |= std::uint64_t{bytes[i]} << (8 * i);
  return number;
}

/// Of 8 bytes at a time by the bijection of SplitMix64, so that two contents that differ in one word differ here.
[[nodiscard]] inline std::uint64_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = mix_bits(bytes.size() + golden_gamma);
  while (bytes.size() >= 8) {
    sum = mix_bits(sum ^ get_number(bytes.first<8>())) + golden_gamma;
    bytes = bytes.subspan(8);
  }
  return mix_bits(sum ^ get_number(bytes));
}

/// What a file's name in its envelope may be shown as: letters, the rest as question marks.
[[nodiscard]] inline std::string shown(std::span<const std::uint8_t> text) {
  std::string letters;
  for (const std::uint8_t c : text) {
    if (c == 0) break;
    letters += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '?';
  }
  return letters;
}

}  // namespace detail

/// `content` in an envelope.
[[nodiscard]] inline Bytes seal(std::span<const std::uint8_t> content, const ContentKind& kind) {
  Bytes bytes(detail::envelope_magic.begin(), detail::envelope_magic.end());
  bytes.reserve(detail::envelope_size + content.size());
  for (std::size_t i = 0; i < 8; ++i) {
    bytes.push_back(i < kind.name.size() ? static_cast<std::uint8_t>(kind.name[i]) : std::uint8_t{0});
  }
  detail::put_number(bytes, kind.version, 4);
  detail::put_number(bytes, 0, 4);
  detail::put_number(bytes, content.size(), 8);
  detail::put_number(bytes, detail::checksum(content), 8);
  detail::put_number(bytes, detail::checksum(bytes), 8);
  bytes.insert(bytes.end(), content.begin(), content.end());
  return bytes;
}

/// The content, which points into `bytes`. Throws FormatError, naming the file `name` and what is wrong with it, unless
/// they are whole, of this kind, and of this version or an older one; of a newer one, VersionError.
[[nodiscard]] inline std::span<const std::uint8_t> unseal(std::span<const std::uint8_t> bytes, const ContentKind& kind,
                                                          std::string_view name) {
  using detail::concat;
  using detail::get_number;
  const auto has_magic = [&] {
    return bytes.size() >= 8 && std::equal(detail::envelope_magic.begin(), detail::envelope_magic.end(), bytes.begin());
  };
  if (!has_magic()) throw FormatError(concat(name, " is not a file of afd, or its beginning is damaged"));
  if (bytes.size() < detail::envelope_size) {
    throw FormatError(concat(name, " is truncated: it ends after ", bytes.size(), " bytes"));
  }
  if (get_number(bytes.subspan(40, 8)) != detail::checksum(bytes.first(40))) {
    throw FormatError(concat(name, " is damaged: the checksum of its first 40 bytes is wrong"));
  }
  const std::string found = detail::shown(bytes.subspan(8, 8));
  if (found != kind.name) throw FormatError(concat(name, " holds a ", found, ", but a ", kind.name, " is needed"));
  if (const std::uint64_t version = get_number(bytes.subspan(16, 4)); version > kind.version) {
    throw VersionError(concat(name, " has version ", version, " of its format, but this library reads versions up to ",
                              kind.version, "; use a newer one"));
  }
  const std::uint64_t length = get_number(bytes.subspan(24, 8));
  const std::span<const std::uint8_t> content = bytes.subspan(detail::envelope_size);
  if (content.size() != length) {
    throw FormatError(concat(name, content.size() < length ? " is truncated: " : " has something after its end: ",
                             "it holds ", content.size(), " bytes of ", length));
  }
  if (get_number(bytes.subspan(32, 8)) != detail::checksum(content)) {
    throw FormatError(concat(name, " is damaged: the checksum of its content is wrong"));
  }
  return content;
}

}  // namespace afd
