// SPDX-License-Identifier: MIT
#pragma once

// Randomness that is a function of its arguments: the order of an epoch, and numbers for augmentation. The
// same on every platform and with every standard library (std::shuffle and the std distributions are not).
// Torch-free.

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

namespace detail {

inline constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15;

/// The finaliser of SplitMix64: a bijection in which every input bit affects every output bit.
[[nodiscard]] constexpr std::uint64_t mix_bits(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

/// A key made of another key and one more word; mixed twice, so that near keys and words do not cancel.
[[nodiscard]] constexpr std::uint64_t extend_key(std::uint64_t key, std::uint64_t word) {
  return mix_bits(mix_bits(word + golden_gamma) ^ (key + golden_gamma));
}

/// SplitMix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class SplitMix64 {
 public:
  explicit constexpr SplitMix64(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return mix_bits(state_ += golden_gamma); }

  /// Uniform in [0, bound), bound > 0; without bias, because the incomplete last run of `bound` is rejected.
  constexpr std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t rejected = (0 - bound) % bound;  // 2^64 mod bound
    std::uint64_t word = next();
    while (word < rejected) word = next();
    return word % bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace detail

/// 0 … n-1 in the order that belongs to (seed, epoch): a Fisher-Yates shuffle driven by SplitMix64.
/// Throws ConfigError for n < 0.
[[nodiscard]] inline std::vector<std::int64_t> permutation(std::int64_t n, std::uint64_t seed, std::uint64_t epoch) {
  if (n < 0) throw ConfigError(detail::concat("permutation of ", n, " items: the count must not be negative"));
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  constexpr std::uint64_t purpose = 1;  // keeps this stream apart from CounterRng's of the same seed and epoch
  detail::SplitMix64 random(detail::extend_key(detail::extend_key(purpose, seed), epoch));
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[random.below(left)]);
  }
  return order;
}

/// Random numbers looked up, not drawn: each is a function of (seed, epoch, position, draw), where the
/// position is that of a sample in its epoch. There is no state to save: an epoch entered half-way, or cut
/// into batches of another size, sees the same numbers. `sample` below counts from the position given to the
/// constructor.
class CounterRng {
 public:
  constexpr CounterRng(std::uint64_t seed, std::uint64_t epoch, std::int64_t first_position = 0)
      : key_(detail::extend_key(detail::extend_key(2, seed), epoch)), first_(first_position) {}

  /// An independent generator for the same samples: give one to each of several users.
  [[nodiscard]] constexpr CounterRng stream(std::uint64_t number) const {
    CounterRng other = *this;
    other.key_ = detail::extend_key(key_, number);
    return other;
  }

  /// 64 random bits.
  [[nodiscard]] constexpr std::uint64_t bits(std::int64_t sample, std::uint64_t draw = 0) const {
    return detail::extend_key(detail::extend_key(key_, static_cast<std::uint64_t>(first_ + sample)), draw);
  }

  /// Uniform in [0, bound), without bias. Requires bound > 0.
  [[nodiscard]] constexpr std::int64_t below(std::int64_t bound, std::int64_t sample, std::uint64_t draw = 0) const {
    detail::SplitMix64 random(bits(sample, draw));
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound)));
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  [[nodiscard]] constexpr double unit(std::int64_t sample, std::uint64_t draw = 0) const {
    return static_cast<double>(bits(sample, draw) >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t key_;
  std::int64_t first_;
};

}  // namespace afd
