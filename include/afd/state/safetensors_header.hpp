// SPDX-License-Identifier: MIT
#pragma once

// The header of a safetensors file: which tensors there are, of which dtype and sizes, and where; see
// safetensors_format.hpp. Needs nlohmann-json (CMake target afd::safetensors), so it is not part of afd/afd.hpp.
// Torch-free.

#include <algorithm>
#include <array>
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

#include <afd/detail/concat.hpp>
#include <afd/detail/shown_name.hpp>
#include <afd/error.hpp>
#include <afd/state/envelope.hpp>

namespace afd {

/// What the elements of a tensor are.
struct SafetensorsDtype {
  std::string_view name;   ///< in the file
  std::uint64_t bits = 0;  ///< of one element
  friend bool operator==(const SafetensorsDtype&, const SafetensorsDtype&) = default;
};

/// All that the format has; LibTorch cannot hold some of them.
inline constexpr std::array<SafetensorsDtype, 22> safetensors_dtypes{{
    {"BOOL", 8},    {"U8", 8},      {"I8", 8},          {"U16", 16},        {"I16", 16},    {"U32", 32},
    {"I32", 32},    {"U64", 64},    {"I64", 64},        {"F16", 16},        {"BF16", 16},   {"F32", 32},
    {"F64", 64},    {"C64", 64},    {"F4", 4},          {"F6_E2M3", 6},     {"F6_E3M2", 6}, {"F8_E4M3", 8},
    {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
}};

/// The dtype of that name, if there is one.
[[nodiscard]] constexpr std::optional<SafetensorsDtype> find_safetensors_dtype(std::string_view name) {
  for (const SafetensorsDtype& dtype : safetensors_dtypes)
    if (dtype.name == name) return dtype;
  return std::nullopt;
}

/// As in the format's own library; what a header says is never trusted with more memory than the file itself takes.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;
/// As many as LibTorch's operators take.
inline constexpr std::size_t max_safetensors_rank = 64;

namespace detail {

inline constexpr std::string_view safetensors_metadata = "__metadata__";

/// Takes the JSON of a header, which nlohmann-json cuts into tokens without recursion and without building anything
/// from them. Throws FormatError at the first one that has no place there.
class SafetensorsHeader {
 public:
  struct Entry {
    std::optional<SafetensorsDtype> dtype = {};
    std::optional<std::vector<std::int64_t>> sizes = {};
    std::optional<std::vector<std::uint64_t>> offsets = {};  ///< two: begin and end
  };

  explicit SafetensorsHeader(std::string_view file) : file_(file) {}

  std::map<std::string, Entry, std::less<>> entries;
  std::map<std::string, std::string, std::less<>> metadata;

  // What nlohmann-json calls; `true` goes on.
  bool start_object(std::size_t /*size*/) {
    if (place_ == Place::outside) return go(Place::header);
    if (place_ != Place::header) fail("has an object where none belongs");
    if (name_ == safetensors_metadata) return go(Place::metadata);
    entry_ = &entries[name_];
    return go(Place::entry);
  }
  bool key(std::string& key) {
    (place_ == Place::header ? name_ : field_) = std::move(key);
    if (place_ == Place::header) {
      const bool is_new =
          name_ == safetensors_metadata ? !std::exchange(has_metadata_, true) : !entries.contains(name_);
      if (!is_new) fail("is there twice");
    } else if (place_ == Place::metadata) {
      if (metadata.contains(field_)) fail(concat("has ", shown_name(field_), " twice"));
    } else {
      const bool is_dtype = field_ == "dtype", is_shape = field_ == "shape";
      if (!is_dtype && !is_shape && field_ != "data_offsets") fail(concat("has the unknown ", shown_name(field_)));
      const bool is_new = is_dtype ? !entry_->dtype : is_shape ? !entry_->sizes : !entry_->offsets;
      if (!is_new) fail(concat("has ", field_, " twice"));
    }
    return true;
  }
  bool string(std::string& text) {
    if (place_ == Place::metadata) {
      metadata.emplace(field_, std::move(text));
    } else if (place_ == Place::entry && field_ == "dtype") {
      entry_->dtype = find_safetensors_dtype(text);
      if (!entry_->dtype) fail(concat("has the unknown dtype ", shown_name(text)));
    } else {
      fail("has a text where none belongs");
    }
    return true;
  }
  bool start_array(std::size_t /*size*/) {
    if (place_ == Place::entry && field_ == "shape") {
      entry_->sizes.emplace();
      return go(Place::shape);
    }
    if (place_ == Place::entry && field_ == "data_offsets") {
      entry_->offsets.emplace();
      return go(Place::offsets);
    }
    fail("has a list where none belongs");
  }
  bool number_unsigned(std::uint64_t number) {
    if (place_ == Place::shape) {
      if (entry_->sizes->size() == max_safetensors_rank) fail(concat("has more than ", max_safetensors_rank, " sizes"));
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail("is too large");
      entry_->sizes->push_back(static_cast<std::int64_t>(number));
    } else if (place_ == Place::offsets && entry_->offsets->size() < 2) {
      entry_->offsets->push_back(number);
    } else {
      fail("has a number where none belongs");
    }
    return true;
  }
  bool end_array() {
    if (place_ == Place::offsets && entry_->offsets->size() != 2) fail("has other than two data_offsets");
    return go(Place::entry);
  }
  bool end_object() {
    if (place_ == Place::entry && !(entry_->dtype && entry_->sizes && entry_->offsets)) {
      fail("lacks one of dtype, shape and data_offsets");
    }
    return go(place_ == Place::header ? Place::outside : Place::header);
  }
  bool null() { fail("has a null where none belongs"); }
  bool boolean(bool /*value*/) { fail("has a truth value where none belongs"); }
  bool number_integer(std::int64_t /*number*/) { fail("has a negative number"); }
  bool number_float(double /*number*/, const std::string& /*text*/) {
    fail("has a number that is not whole, or too large");
  }
  bool binary(std::vector<std::uint8_t>& /*bytes*/) { fail("has bytes where none belong"); }
  bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::json::exception& /*error*/) {
    throw FormatError(concat(file_, " is damaged: its header is no JSON at byte ", 8 + position));
  }

 private:
  enum class Place { outside, header, metadata, entry, shape, offsets };

  bool go(Place place) {
    place_ = place;
    return true;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw FormatError(concat(file_, " is damaged: in its header, ", shown_name(name_), ' ', what));
  }

  std::string_view file_;
  Place place_ = Place::outside;
  std::string name_;
  std::string field_;
  Entry* entry_ = nullptr;
  bool has_metadata_ = false;
};

/// The bytes of the header, which begin after the first eight. Throws FormatError if there is none.
[[nodiscard]] inline std::span<const std::uint8_t> safetensors_header(std::span<const std::uint8_t> bytes,
                                                                      std::string_view file) {
  constexpr std::array<std::uint8_t, 4> zip{'P', 'K', 3, 4};
  if (bytes.size() >= 4 && std::equal(zip.begin(), zip.end(), bytes.begin())) {
    throw FormatError(concat(file,
                             " is a zip archive, as torch.save writes it: load it in Python and write its tensors "
                             "with safetensors.torch.save_file"));
  }
  if (bytes.size() >= 8 && std::equal(envelope_magic.begin(), envelope_magic.end(), bytes.begin())) {
    throw FormatError(concat(file, " is a file of afd's own: afd::load_network reads it"));
  }
  if (bytes.size() < 8) {
    throw FormatError(concat(file, " is no safetensors file, or truncated: it ends after ", bytes.size(), " bytes"));
  }
  const std::uint64_t length = get_number(bytes.first(8));
  if (length > max_safetensors_header) {
    throw FormatError(concat(file, " is no safetensors file, or damaged: its header would have ", length,
                             " bytes, more than ", max_safetensors_header));
  }
  if (length > bytes.size() - 8) {
    throw FormatError(concat(file, " is no safetensors file, or truncated: it has ", bytes.size() - 8,
                             " bytes of a header of ", length));
  }
  if (length == 0 || bytes[8] != '{') {
    throw FormatError(concat(file, " is no safetensors file, or damaged: its header does not begin with {"));
  }
  return bytes.subspan(8, length);
}

}  // namespace detail
}  // namespace afd
