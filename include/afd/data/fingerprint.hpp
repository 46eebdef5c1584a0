// SPDX-License-Identifier: MIT
#pragma once

// A number made of all that it is given, so that what has another content has another number; torch-free.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <afd/data/content_key.hpp>
#include <afd/data/order.hpp>

namespace afd::detail {

/// The order of what is added matters.
class Fingerprint {
 public:
  void add_number(std::uint64_t number) { key_ = extended(key_, number); }
  void add_number(std::int64_t number) { add_number(static_cast<std::uint64_t>(number)); }

  /// With their count, so that "ab", "c" is not "a", "bc".
  void add_bytes(std::span<const std::uint8_t> bytes) { key_ = content_key(bytes, key_); }
  void add_text(std::string_view text) {
    add_bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});  // NOLINT: bytes are what it has
  }

  [[nodiscard]] std::int64_t number() const { return static_cast<std::int64_t>(extend_key(key_.first, key_.second)); }

 private:
  ContentKey key_;
};

/// `most` of the places 0 to size-1, evenly spread, the first and the last among them; all of them if they are fewer.
[[nodiscard]] inline std::vector<std::int64_t> spread_places(std::int64_t size, std::int64_t most) {
  const std::int64_t count = std::min(size, most);
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < count; ++i) places.push_back(count == 1 ? 0 : i * (size - 1) / (count - 1));
  return places;
}

}  // namespace afd::detail
