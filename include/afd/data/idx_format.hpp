// SPDX-License-Identifier: MIT
#pragma once

// The IDX format of the MNIST family, byte level: checks everything, copies nothing. Torch-free.
//
//     0x00 0x00 | element type | rank | rank x size (uint32, big-endian) | elements, last index fastest
//
// Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", section "File formats".

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

enum class IdxElement : std::uint8_t {
  unsigned_byte = 0x08,
  signed_byte = 0x09,
  int16 = 0x0b,
  int32 = 0x0c,
  float32 = 0x0d,
  float64 = 0x0e,
};

/// What an IDX file holds. `payload` points into the parsed bytes: keep them alive.
struct IdxView {
  IdxElement element = IdxElement::unsigned_byte;
  std::vector<std::int64_t> dims;         ///< all positive; their product is payload.size()
  std::span<const std::uint8_t> payload;  ///< the elements, row-major
};

inline constexpr std::size_t max_idx_rank = 8;

namespace detail {

[[nodiscard]] inline const char* idx_element_name(std::uint8_t code) {
  switch (static_cast<IdxElement>(code)) {
    case IdxElement::unsigned_byte:
      return "unsigned byte";
    case IdxElement::signed_byte:
      return "signed byte";
    case IdxElement::int16:
      return "16-bit integer";
    case IdxElement::int32:
      return "32-bit integer";
    case IdxElement::float32:
      return "32-bit float";
    case IdxElement::float64:
      return "64-bit float";
  }
  return nullptr;
}

[[nodiscard]] inline std::uint32_t big_endian_32(std::span<const std::uint8_t, 4> bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}

}  // namespace detail

/// Parses an IDX file of unsigned bytes. Throws FormatError, naming `name`, for anything but a complete file:
/// wrong magic, another element type, rank 0 or above max_idx_rank, a size of 0, sizes whose product
/// overflows, and content shorter or longer than the sizes promise.
[[nodiscard]] inline IdxView parse_idx(std::span<const std::uint8_t> bytes, std::string_view name) {
  using detail::concat;
  if (bytes.size() < 4) {
    throw FormatError(concat(name, " is no IDX file: it has ", bytes.size(), " bytes, the magic number alone takes 4"));
  }
  if (bytes[0] != 0 || bytes[1] != 0) {
    throw FormatError(concat(name, " is no IDX file: it starts with bytes ", +bytes[0], ' ', +bytes[1],
                             ", expected 0 0 (if the file is compressed, unpack it first)"));
  }
  if (bytes[2] != static_cast<std::uint8_t>(IdxElement::unsigned_byte)) {
    const char* element = detail::idx_element_name(bytes[2]);
    throw FormatError(concat(name, " holds IDX elements of type code ", +bytes[2], " (",
                             element != nullptr ? element : "unknown to the format",
                             "); only 8 (unsigned byte) is supported"));
  }
  const std::size_t rank = bytes[3];
  if (rank == 0 || rank > max_idx_rank) {
    throw FormatError(concat(name, " says it has ", rank, " dimensions; 1 to ", max_idx_rank, " are allowed"));
  }
  const std::size_t header = 4 + 4 * rank;
  if (bytes.size() < header) {
    throw FormatError(concat(name, " is truncated: its header of ", rank, " dimensions takes ", header,
                             " bytes, the file has ", bytes.size()));
  }

  IdxView view;
  std::int64_t elements = 1;
  for (std::size_t d = 0; d < rank; ++d) {
    const std::int64_t size = detail::big_endian_32(bytes.subspan(4 + 4 * d).first<4>());
    if (size == 0) throw FormatError(concat(name, " is empty: its dimension ", d, " has size 0"));
    if (elements > std::numeric_limits<std::int64_t>::max() / size) {
      throw FormatError(
          concat(name, " is damaged: the product of its dimensions overflows at dimension ", d, " of size ", size));
    }
    elements *= size;
    view.dims.push_back(size);
  }
  view.payload = bytes.subspan(header);
  if (view.payload.size() != static_cast<std::uint64_t>(elements)) {
    throw FormatError(
        concat(name, " is ",
               view.payload.size() < static_cast<std::uint64_t>(elements) ? "truncated" : "longer than its header says",
               ": expected ", elements, " bytes after the header of ", header, ", got ", view.payload.size()));
  }
  return view;
}

}  // namespace afd
