// SPDX-License-Identifier: MIT
#pragma once

// The convolutions of a discriminator that looks at places: over two sides, of which vectors and sequences have some
// added (see layer_view), or over a volume's three.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <torch/nn/options/conv.h>

#include <afd/detail/concat.hpp>
#include <afd/discriminator/normalisation.hpp>
#include <afd/error.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd::detail {

/// Norm's layers over so many sides.
template <Normalisation Norm, std::size_t Sides>
struct PlaceLayers {
  static_assert(Sides == 2, "afd: a discriminator convolves over two sides or, for volumes, three");
  using Conv = typename Norm::Conv2d;
  using Hidden = typename Norm::Norm2d;  ///< what follows a hidden convolution
  [[nodiscard]] static Hidden hidden(std::int64_t channels) { return Norm::norm2d(channels); }
};
template <Normalisation Norm>
struct PlaceLayers<Norm, 3> {
  static_assert(NormalisesVolumes<Norm>,
                "afd: a volume's discriminator needs Conv3d, Norm3d and norm3d(channels) of its normalisation; see "
                "afd/discriminator/normalisation.hpp");
  using Conv = typename Norm::Conv3d;
  using Hidden = typename Norm::Norm3d;
  [[nodiscard]] static Hidden hidden(std::int64_t channels) { return Norm::norm3d(channels); }
};

/// A convolution of `size` places on each of `sides`, and of 1 where there is a single place: the rest would only ever
/// see padding. At stride 1 it keeps the sides, for an odd `size`.
template <std::size_t Sides>
[[nodiscard]] torch::nn::ConvOptions<Sides> place_conv(std::int64_t in, std::int64_t out,
                                                       const std::array<std::int64_t, Sides>& sides,
                                                       std::int64_t size) {
  std::array<std::int64_t, Sides> kernel{}, padding{};
  for (std::size_t i = 0; i < Sides; ++i) {
    kernel[i] = sides[i] == 1 ? 1 : size;
    padding[i] = kernel[i] / 2;
  }
  torch::nn::ConvOptions<Sides> options(in, out, kernel);
  options.padding(torch::ExpandingArray<Sides>(padding));
  return options;
}

/// Throws ShapeError for a volume if `who` convolves over two sides, and for all else if over three.
inline void require_sides(const FeatureShape& shape, std::size_t sides, std::string_view who) {
  if ((shape.rank == 3) == (sides == 3)) return;
  if (sides == 3) throw ShapeError(concat("Volume", who, " is for volumes, but was given ", shape, "; use afd::", who));
  throw ShapeError(concat(who, " is not for volumes ", shape, "; use afd::Volume", who, ", which is afd::Basic", who,
                          "<afd::BatchNormalised, 3>"));
}

}  // namespace afd::detail
