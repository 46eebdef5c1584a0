// SPDX-License-Identifier: MIT
#pragma once

// One process's part of what several train on together. Torch-free.

#include <concepts>
#include <cstdint>

namespace afd {

/// Part `index` of `count`: a World's shard() gives it.
struct Shard {
  std::int64_t index = 0;
  std::int64_t count = 1;

  /// Where this part of `n` items begins; parts differ in size by one at most, and follow each other.
  [[nodiscard]] constexpr std::int64_t begin_of(std::int64_t n) const { return n * index / count; }
  [[nodiscard]] constexpr std::int64_t end_of(std::int64_t n) const { return n * (index + 1) / count; }

  friend bool operator==(const Shard&, const Shard&) = default;
};

/// A source that gives a part of the samples says so: `shard()`.
template <class S>
concept HasShard = requires(const S& source) {
  { source.shard() } -> std::convertible_to<Shard>;
};

/// The part that a source gives: all, if it does not say.
template <class S>
[[nodiscard]] Shard shard_of(const S& source) {
  if constexpr (HasShard<S>) return source.shard();
  return {};
}

}  // namespace afd
