// SPDX-License-Identifier: MIT
#pragma once

// A key of 128 bits that follows from content alone: what is found under it was made of the same bytes. Torch-free.

#include <array>
#include <bit>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include <afd/data/order.hpp>

namespace afd {

/// Two contents have the same key with a chance of 2^-128; it is no defence against those who look for such a pair.
struct ContentKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  friend auto operator<=>(const ContentKey&, const ContentKey&) = default;
};

namespace detail {

static_assert(std::endian::native == std::endian::little, "afd: keys of content are made on little-endian machines");

/// Of `bytes` that follow on what has the key `before`. Four sums side by side, each as that of an envelope, so that
/// memory is what takes the time.
[[nodiscard]] inline ContentKey content_key(std::span<const std::uint8_t> bytes, const ContentKey& before = {}) {
  constexpr std::size_t lanes = 4;
  std::array<std::uint64_t, lanes> sums{};
  for (std::size_t i = 0; i < lanes; ++i) {
    sums[i] = extend_key(extend_key(i % 2 == 0 ? before.first : before.second, bytes.size()), i);
  }
  const auto word_at = [&](std::size_t at, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, size);
    return word;
  };
  std::size_t at = 0;
  for (; at + 8 * lanes <= bytes.size(); at += 8 * lanes) {
    for (std::size_t i = 0; i < lanes; ++i) sums[i] = mix_bits(sums[i] ^ word_at(at + 8 * i, 8)) + golden_gamma;
  }
  for (std::size_t i = 0; at < bytes.size(); ++i) {
    const std::size_t size = bytes.size() - at < 8 ? bytes.size() - at : 8;
    sums[i] = mix_bits(sums[i] ^ word_at(at, size)) + golden_gamma;
    at += size;
  }
  ContentKey key{before.second, before.first};
  for (std::size_t i = 0; i < lanes; ++i) {
    key.first = extend_key(key.first, sums[i]);
    key.second = extend_key(key.second, sums[lanes - 1 - i]);
  }
  return key;
}

/// The same of one more number.
[[nodiscard]] constexpr ContentKey extended(const ContentKey& key, std::uint64_t number) {
  return {extend_key(key.first, number), extend_key(key.second, ~number)};
}

/// "0123456789abcdef-fedcba98": both words in hexadecimal digits.
[[nodiscard]] inline std::string text_of(const ContentKey& key) {
  std::array<char, 40> text{};
  char* const middle = std::to_chars(text.data(), text.data() + 16, key.first, 16).ptr;
  *middle = '-';
  return {text.data(), std::to_chars(middle + 1, middle + 17, key.second, 16).ptr};
}

}  // namespace detail
}  // namespace afd
