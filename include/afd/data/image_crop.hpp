// SPDX-License-Identifier: MIT
#pragma once

// Which part of a photograph becomes a square input. Torch-free.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>

#include <afd/data/order.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// A rectangle of whole pixels inside an image.
struct CropBox {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;

  friend bool operator==(const CropBox&, const CropBox&) = default;
};

/// A crop: `side`, of the square that the box is scaled to, in pixels; `box(width, height, rng, sample)`, const, inside
/// an image of that size; `validate()`, const, throws ConfigError for values that cannot work. It takes all chance from
/// `rng` for that sample, so that the box depends on the seed, the epoch and the sample's place in it alone.
/// Not required: a base class, chance, or a square box.
template <class C>
concept ImageCrop =
    std::copyable<C> && requires(const C& crop, std::int64_t size, const CounterRng& rng, std::int64_t sample) {
      { crop.side } -> std::convertible_to<std::int64_t>;
      { crop.box(size, size, rng, sample) } -> std::same_as<CropBox>;
      crop.validate();
    };

namespace detail {

/// The middle of an image, `width` x `height` pixels at most.
[[nodiscard]] inline CropBox middle(std::int64_t image_width, std::int64_t image_height, double width, double height) {
  const auto pixels = [](double length, std::int64_t most) {
    return std::clamp(static_cast<std::int64_t>(std::llround(length)), std::int64_t{1}, most);
  };
  const std::int64_t w = pixels(width, image_width), h = pixels(height, image_height);
  return {(image_width - w) / 2, (image_height - h) / 2, w, h};
}

}  // namespace detail

/// For evaluation: the middle square of an image whose shorter side is scaled to `resize`, `side` pixels wide.
struct CenterCrop {
  std::int64_t side = 224;
  std::int64_t resize = 256;

  void validate() const {
    if (side >= 1 && resize >= side) return;
    throw ConfigError(
        detail::concat("CenterCrop needs 1 <= side <= resize, but side is ", side, " and resize ", resize));
  }
  [[nodiscard]] CropBox box(std::int64_t width, std::int64_t height, const CounterRng& /*rng*/,
                            std::int64_t /*sample*/) const {
    const double length =
        static_cast<double>(std::min(width, height)) * static_cast<double>(side) / static_cast<double>(resize);
    return detail::middle(width, height, length, length);
  }
};

/// For training: a box at a random place, of random area and aspect ratio (Szegedy et al., "Going deeper with
/// convolutions", CVPR 2015): the area uniform between `least_area` and 1 of the image's, the logarithm of width /
/// height uniform between those of 1 / `most_aspect` and `most_aspect`. After ten boxes that do not fit: the largest in
/// the middle whose aspect is allowed.
struct RandomResizedCrop {
  std::int64_t side = 224;
  double least_area = 0.08;
  double most_aspect = 4.0 / 3.0;

  void validate() const {
    if (side >= 1 && least_area > 0 && least_area <= 1 && most_aspect >= 1) return;
    throw ConfigError(detail::concat("RandomResizedCrop needs a side of at least 1, 0 < least_area <= 1 and a ",
                                     "most_aspect of at least 1, but they are ", side, ", ", least_area, " and ",
                                     most_aspect));
  }
  [[nodiscard]] CropBox box(std::int64_t width, std::int64_t height, const CounterRng& rng, std::int64_t sample) const {
    const double w = static_cast<double>(width), h = static_cast<double>(height);
    for (std::uint64_t attempt = 0; attempt < 10; ++attempt) {
      const auto draw = [&](std::uint64_t number) { return rng.unit(sample, 4 * attempt + number); };
      const double area = w * h * (least_area + (1 - least_area) * draw(0));
      const double aspect = std::pow(most_aspect, 2 * draw(1) - 1);
      const std::int64_t box_w = std::llround(std::sqrt(area * aspect));
      const std::int64_t box_h = std::llround(std::sqrt(area / aspect));
      if (box_w < 1 || box_h < 1 || box_w > width || box_h > height) continue;
      return {rng.below(width - box_w + 1, sample, 4 * attempt + 2),
              rng.below(height - box_h + 1, sample, 4 * attempt + 3), box_w, box_h};
    }
    return detail::middle(width, height, std::min(w, h * most_aspect), std::min(h, w * most_aspect));
  }
};

static_assert(ImageCrop<CenterCrop> && ImageCrop<RandomResizedCrop>);

}  // namespace afd
