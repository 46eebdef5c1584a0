// SPDX-License-Identifier: MIT
#pragma once

// The shape of one sample's features, the batch dimension left out: so many channels at so many places.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

/// Features by the number of sides that their places have: vectors [N, C] have none, sequences [N, C, L] one, maps
/// [N, C, H, W] two, volumes [N, C, D, H, W] three. Tokens [N, L, C] have one, or two if their grid is known.
/// Written by hand: {C, {H, W}} is a map's, {C, {}} a vector's.
struct FeatureShape {
  std::int64_t channels = 0;
  std::array<std::int64_t, 3> sides{};  ///< the first `rank` count; others are 0
  std::size_t rank = 0;                 ///< 0 to 3
  bool tokens = false;                  ///< channels come last in memory
  bool is_signed = false;               ///< whether values below 0 were seen; no part of the shape

  FeatureShape() = default;

  /// Of features with channels first. Throws ShapeError for more than three sides.
  FeatureShape(std::int64_t channel_count, std::initializer_list<std::int64_t> side_lengths)
      : channels(channel_count), rank(side_lengths.size()) {
    if (rank > 3) throw ShapeError(detail::concat("features have three sides at most, but ", rank, " were given"));
    std::copy(side_lengths.begin(), side_lengths.end(), sides.data());
  }

  /// How many places there are: 1 for a vector.
  [[nodiscard]] std::int64_t places() const {
    std::int64_t count = 1;
    for (std::size_t i = 0; i < rank; ++i) count *= sides[i];
    return count;
  }

  /// Whether there are no channels or no places.
  [[nodiscard]] bool empty() const {
    for (std::size_t i = 0; i < rank; ++i) {
      if (sides[i] < 1) return true;
    }
    return channels < 1;
  }

  /// Of a batch, channels first: [batch, C, ...].
  [[nodiscard]] std::vector<std::int64_t> sizes(std::int64_t batch) const {
    std::vector<std::int64_t> all(rank + 2);
    all[0] = batch;
    all[1] = channels;
    std::copy(sides.data(), end(), all.data() + 2);
    return all;
  }

  /// Whether `features`, channels first, have this shape.
  [[nodiscard]] bool describes(const torch::Tensor& features) const {
    return features.dim() == static_cast<std::int64_t>(rank) + 2 && features.size(1) == channels &&
           features.sizes().slice(2) == torch::IntArrayRef(sides.data(), rank);
  }

  friend bool operator==(const FeatureShape& a, const FeatureShape& b) {
    return a.channels == b.channels && a.sides == b.sides && a.rank == b.rank && a.tokens == b.tokens;
  }

  /// [C, H, W] or alike; "tokens [L, C]".
  friend std::ostream& operator<<(std::ostream& out, const FeatureShape& shape) {
    out << (shape.tokens ? "tokens [" : "[");
    if (!shape.tokens) out << shape.channels;
    for (std::size_t i = 0; i < shape.rank; ++i) out << (shape.tokens && i == 0 ? "" : ", ") << shape.sides[i];
    if (shape.tokens) out << ", " << shape.channels;
    return out << ']';
  }

 private:
  [[nodiscard]] const std::int64_t* end() const { return sides.data() + rank; }
};

/// Of features [N, C], [N, C, L], [N, C, H, W] or [N, C, D, H, W]. Throws ShapeError for any other rank.
[[nodiscard]] inline FeatureShape feature_shape(const torch::Tensor& features) {
  if (!features.defined() || features.dim() < 2 || features.dim() > 5) {
    throw ShapeError(
        detail::concat("features must be [N, C], [N, C, L], [N, C, H, W] or [N, C, D, H, W], but ",
                       features.defined() ? detail::concat("have shape ", features.sizes()) : "are an undefined tensor",
                       "; reshape them in the network's forward"));
  }
  FeatureShape shape(features.size(1), {});
  shape.rank = static_cast<std::size_t>(features.dim()) - 2;
  std::copy(features.sizes().begin() + 2, features.sizes().end(), shape.sides.data());
  return shape;
}

/// Of tokens [N, L, C]. Throws ShapeError for any other rank, and for a grid that has not L places.
[[nodiscard]] inline FeatureShape feature_shape(const Tokens& tokens) {
  const torch::Tensor& values = tokens.values;
  if (!values.defined() || values.dim() != 3) {
    throw ShapeError(
        detail::concat("tokens must be [N, L, C], but ",
                       values.defined() ? detail::concat("have shape ", values.sizes()) : "are an undefined tensor",
                       "; reshape them"));
  }
  const bool grid = tokens.height != 0 || tokens.width != 0;
  if (grid && (tokens.height < 1 || tokens.height * tokens.width != values.size(1))) {
    throw ShapeError(detail::concat("tokens ", values.sizes(), " are no grid of ", tokens.height, " x ", tokens.width,
                                    "; leave class tokens out with x.slice(1, 1), or give the real grid"));
  }
  FeatureShape shape = grid ? FeatureShape(values.size(2), {tokens.height, tokens.width})
                            : FeatureShape(values.size(2), {values.size(1)});
  shape.tokens = true;
  return shape;
}

/// Tokens as [N, C, L], or [N, C, H, W] where their grid is known; other features as they are. No data is copied.
[[nodiscard]] inline torch::Tensor channels_first(const torch::Tensor& features) {
  return features;
}
[[nodiscard]] inline torch::Tensor channels_first(const Tokens& tokens) {
  const FeatureShape shape = feature_shape(tokens);
  const torch::Tensor first = tokens.values.transpose(1, 2);
  return shape.rank == 2 ? first.unflatten(2, {tokens.height, tokens.width}) : first;
}

/// The shape of what channels_first gives for features of this one.
[[nodiscard]] inline FeatureShape channels_first(FeatureShape shape) {
  shape.tokens = false;
  return shape;
}

/// The shape of `features`, a tensor or Tokens, and whether they have values below 0, which are read.
template <class Features>
[[nodiscard]] FeatureShape seen_shape(const Features& features) {
  FeatureShape shape = feature_shape(features);
  const torch::Tensor values = channels_first(features);
  shape.is_signed = values.numel() > 0 && values.lt(0).any().template item<bool>();
  return shape;
}

}  // namespace afd
