// SPDX-License-Identifier: MIT
#pragma once

// Images with a box out of another image, and labels mixed accordingly.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/batch_transform.hpp>
#include <afd/data/order.hpp>
#include <afd/data/sample_mix.hpp>
#include <afd/data/soft_labels.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {
namespace detail {

/// Rows [top, bottom) and columns [left, right) of an image.
struct PixelBox {
  std::int64_t top, bottom, left, right;

  [[nodiscard]] std::int64_t area() const { return (bottom - top) * (right - left); }
  [[nodiscard]] torch::Tensor of(const torch::Tensor& images) const {
    return images.slice(2, top, bottom).slice(3, left, right);
  }
};

/// A box of `part` of the image's area around a pixel drawn at random, cut off at the border.
[[nodiscard]] inline PixelBox draw_box(double part, std::int64_t height, std::int64_t width, const CounterRng& rng) {
  const auto side = [&](std::int64_t whole) {
    return static_cast<std::int64_t>(std::sqrt(part) * static_cast<double>(whole));
  };
  const std::int64_t top = rng.below(height, 0, 0) - side(height) / 2;
  const std::int64_t left = rng.below(width, 0, 1) - side(width) / 2;
  return {.top = std::max<std::int64_t>(top, 0),
          .bottom = std::min(top + side(height), height),
          .left = std::max<std::int64_t>(left, 0),
          .right = std::min(left + side(width), width)};
}

}  // namespace detail

/// Puts a box of another image of the batch into each image: of 1 - lambda of its area, lambda from Beta(alpha, alpha),
/// at a random place, the same for all images of the batch. Images are [N, C, H, W] of any dtype; several tensors of
/// them in the inputs get the same box. Labels, int64 [N] or soft, become soft ones, [N, classes], with the share that
/// the pixels have; a loss that reads those must follow.
///
///     afd::Compose{afd::PadCrop{}, afd::CutMix{.classes = 10}, afd::UnitRange{}}
///
/// Source: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV
/// 2019 (arXiv 1905.04899).
struct CutMix {
  double alpha = 1;
  std::int64_t classes = 0;  ///< of the labels; must be given

  /// Throws ConfigError for alpha or classes, DataError for inputs or targets, that cannot be mixed.
  template <detail::MixableInputs I = torch::Tensor>
  [[nodiscard]] BasicBatch<I, torch::Tensor> operator()(const BasicBatch<I, torch::Tensor>& batch,
                                                        const CounterRng& rng) const {
    const torch::Tensor first = first_tensor(batch.inputs);
    const torch::Tensor labels = detail::soft_labels(
        batch.targets, classes, first.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32, "CutMix");
    for_each_tensor(batch.inputs, [&](const torch::Tensor& images) { check(images, first, labels.size(0)); });
    const std::int64_t height = first.size(2), width = first.size(3);
    detail::SampleMix mix = detail::draw_mix(alpha, labels.size(0), rng, "CutMix");
    const detail::PixelBox box = detail::draw_box(1 - mix.share, height, width, rng.stream(2));
    mix.share = 1 - static_cast<double>(box.area()) / static_cast<double>(height * width);
    const auto paste = [&](const torch::Tensor& images) {
      torch::Tensor result = images.clone();
      box.of(result).copy_(box.of(images).index_select(0, mix.partners.to(images.device())));
      return result;
    };
    return {map_tensors(batch.inputs, paste), mix.blend(labels)};
  }

 private:
  static void check(const torch::Tensor& images, const torch::Tensor& first, std::int64_t samples) {
    if (images.dim() != 4) {
      throw DataError(detail::concat("CutMix needs images [N, C, H, W], but got ", images.scalar_type(), " of shape ",
                                     images.sizes(), "; it cannot cut a box out of that"));
    }
    if (images.size(0) != samples) {
      throw DataError(
          detail::concat("CutMix needs an image for each of ", samples, " targets, but got shape ", images.sizes()));
    }
    if (images.size(2) == first.size(2) && images.size(3) == first.size(3)) return;
    throw DataError(detail::concat("CutMix needs all images in the inputs of one size, but they are ", first.sizes(),
                                   " and ", images.sizes(), "; put it before afd::MakeViews"));
  }
};

static_assert(BatchTransform<CutMix> && !TransformsInputs<CutMix>);

}  // namespace afd
