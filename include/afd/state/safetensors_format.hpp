// SPDX-License-Identifier: MIT
#pragma once

// Named tensors as bytes in the format safetensors, in which weights go from and to Python. Byte level: checks
// everything, copies no tensor. Needs nlohmann-json (CMake target afd::safetensors), so it is not part of afd/afd.hpp.
// Torch-free.
//
//     length of the header (uint64) | header | elements of all tensors, row-major
//     header: JSON, {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, ...}, filled with spaces;
//             "__metadata__" has texts by name instead
//
// Offsets count from the end of the header, and every byte after it belongs to one tensor. Numbers are little-endian.
// The description: https://github.com/huggingface/safetensors#format

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <afd/data/bytes.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/shown_name.hpp>
#include <afd/error.hpp>
#include <afd/state/envelope.hpp>
#include <afd/state/safetensors_header.hpp>

namespace afd {

/// A tensor whose elements lie elsewhere: keep them alive.
struct SafetensorsView {
  SafetensorsDtype dtype;
  std::vector<std::int64_t> sizes;
  std::span<const std::uint8_t> bytes;  ///< row-major
};

/// What is in a file, sorted by name.
struct SafetensorsContent {
  std::map<std::string, SafetensorsView, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata = {};
};

namespace detail {

static_assert(std::endian::native == std::endian::little,
              "afd: safetensors files are read and written on little-endian machines only");

/// Bytes of a tensor; none if there is no such tensor in any memory, or if it would end within a byte.
[[nodiscard]] inline std::optional<std::uint64_t> byte_count(const SafetensorsDtype& dtype,
                                                             const std::vector<std::int64_t>& sizes) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t bits = dtype.bits;
  bool is_empty = false;
  for (const std::int64_t size : sizes) {
    is_empty = is_empty || size == 0;
    // An empty tensor's other sizes are bounded, too: LibTorch multiplies them for its strides.
    if (size < 0 || (size > 0 && bits > most / static_cast<std::uint64_t>(size))) return std::nullopt;
    if (size > 0) bits *= static_cast<std::uint64_t>(size);
  }
  if (is_empty) return 0;
  return bits % 8 == 0 ? std::optional(bits / 8) : std::nullopt;
}

/// Throws FormatError unless the tensors, in the order of the file, cover its `size` bytes of elements exactly.
inline void require_no_gaps(const std::map<std::string, SafetensorsHeader::Entry, std::less<>>& entries,
                            std::uint64_t size, std::string_view file) {
  struct Piece {
    std::uint64_t begin;
    std::uint64_t end;
    std::string_view name;
  };
  std::vector<Piece> pieces;
  pieces.reserve(entries.size());
  for (const auto& [name, entry] : entries) pieces.push_back({(*entry.offsets)[0], (*entry.offsets)[1], name});
  std::ranges::sort(pieces, {}, [](const Piece& piece) { return std::pair(piece.begin, piece.end); });
  std::uint64_t covered = 0;
  std::string_view before;
  for (const Piece& piece : pieces) {
    if (piece.begin < covered) {
      throw FormatError(concat(file, " is damaged: ", shown_name(before), " and ", shown_name(piece.name), " overlap"));
    }
    if (piece.begin > covered) {
      throw FormatError(concat(file, " is damaged: no tensor has the bytes ", covered, " to ", piece.begin, " before ",
                               shown_name(piece.name)));
    }
    covered = piece.end;
    before = piece.name;
  }
  if (covered < size) {
    throw FormatError(concat(file, " has something after its end: its tensors have ", covered, " bytes of ", size));
  }
}

}  // namespace detail

/// What is in `bytes`, into which its tensors point. Throws FormatError, naming the file `name` and what is wrong with
/// it, for anything that the format does not allow: a header that does not fit, names that are there twice, dtypes that
/// it does not have, sizes that do not match the offsets, tensors that overlap, bytes that belong to none, truth values
/// other than 0 and 1. There is no checksum: a changed element is read as it is.
[[nodiscard]] inline SafetensorsContent parse_safetensors(std::span<const std::uint8_t> bytes, std::string_view name) {
  using detail::concat, detail::shown_name;
  const auto text = detail::safetensors_header(bytes, name);
  const auto elements = bytes.subspan(8 + text.size());
  detail::SafetensorsHeader header(name);
  const auto* letters = reinterpret_cast<const char*>(text.data());
  nlohmann::json::sax_parse(letters, letters + text.size(), &header);
  SafetensorsContent content{.tensors = {}, .metadata = std::move(header.metadata)};
  const auto fail = [&](std::string_view tensor, const std::string& what) {
    throw FormatError(concat(name, " is damaged: ", shown_name(tensor), ' ', what));
  };
  for (auto& [key, entry] : header.entries) {
    const std::uint64_t begin = (*entry.offsets)[0], end = (*entry.offsets)[1];
    if (begin > end) fail(key, concat("ends at ", end, ", before it begins, at ", begin));
    if (end > elements.size()) fail(key, concat("ends at ", end, ", but the file's elements at ", elements.size()));
    const auto wanted = detail::byte_count(*entry.dtype, *entry.sizes);
    if (!wanted) fail(key, "has sizes that no memory holds, or that end within a byte");
    if (*wanted != end - begin) fail(key, concat("has ", end - begin, " bytes where its sizes need ", *wanted));
    const auto piece = elements.subspan(begin, end - begin);
    if (entry.dtype->name == "BOOL" && std::ranges::any_of(piece, [](std::uint8_t value) { return value > 1; })) {
      fail(key, "has truth values other than 0 and 1");
    }
    content.tensors.emplace_hint(content.tensors.end(), key,
                                 SafetensorsView{*entry.dtype, std::move(*entry.sizes), piece});
  }
  detail::require_no_gaps(header.entries, elements.size(), name);
  return content;
}

/// The bytes of a file. Larger elements come first, and the header is filled up to a multiple of 8 bytes, so that every
/// element lies where a processor likes it. Throws DataError for what the format cannot hold: a name that is not UTF-8
/// or is "__metadata__", a dtype that it does not have, too many sizes or names; and for bytes that do not match sizes.
[[nodiscard]] inline Bytes format_safetensors(const SafetensorsContent& content) {
  using detail::concat, detail::shown_name;
  const auto json = [](const auto& value) {
    try {
      return nlohmann::json(value).dump();
    } catch (const nlohmann::json::exception&) {
      throw DataError("cannot write safetensors: a name or text is not UTF-8");
    }
  };
  std::vector<const std::pair<const std::string, SafetensorsView>*> order;
  for (const auto& item : content.tensors) order.push_back(&item);
  std::ranges::sort(order, {}, [](const auto* item) {
    return std::pair(64 - item->second.dtype.bits, std::string_view(item->first));
  });

  std::string header = content.metadata.empty() ? "{" : "{\"__metadata__\":" + json(content.metadata) + ',';
  std::uint64_t end = 0;
  for (const auto* item : order) {
    const auto& [name, tensor] = *item;
    const auto refuse = [&key = name](const char* why) {
      throw DataError(concat("cannot write ", shown_name(key), " as safetensors: ", why));
    };
    if (name == detail::safetensors_metadata) refuse("the name is taken by the format");
    if (find_safetensors_dtype(tensor.dtype.name) != tensor.dtype) refuse("the format has no such dtype");
    if (tensor.sizes.size() > max_safetensors_rank) refuse("it has too many sizes");
    if (detail::byte_count(tensor.dtype, tensor.sizes) != tensor.bytes.size())
      refuse("its bytes do not match its sizes");
    header += concat(json(name), ":{\"dtype\":\"", tensor.dtype.name, "\",\"shape\":", json(tensor.sizes),
                     ",\"data_offsets\":[", end, ',', end + tensor.bytes.size(), "]},");
    end += tensor.bytes.size();
  }
  if (header.back() == ',') header.pop_back();
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > max_safetensors_header) throw DataError("cannot write safetensors: the names are too many");

  Bytes bytes;
  bytes.reserve(8 + header.size() + end);
  detail::put_number(bytes, header.size(), 8);
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (const auto* item : order) {
    bytes.insert(bytes.end(), item->second.bytes.begin(), item->second.bytes.end());
  }
  return bytes;
}

}  // namespace afd
