// SPDX-License-Identifier: MIT
#include <afd/data/pad_crop.hpp>
//
#include <cstdint>
#include <vector>

#include <torch/nn/functional/padding.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CounterRng;
using afd::PadCrop;
using afd::PadMode;

namespace {

/// The same, one image at a time: pad with LibTorch, then slice.
torch::Tensor padded_and_sliced(const torch::Tensor& inputs, const CounterRng& rng, const PadCrop& crop) {
  namespace F = torch::nn::functional;
  const std::int64_t p = crop.padding;
  std::vector<torch::Tensor> images;
  for (std::int64_t i = 0; i < inputs.size(0); ++i) {
    F::PadFuncOptions options({p, p, p, p});
    if (crop.mode == PadMode::reflect) options.mode(torch::kReflect);
    const torch::Tensor padded = F::pad(inputs.narrow(0, i, 1).to(torch::kFloat64), options);
    images.push_back(padded.narrow(2, rng.below(2 * p + 1, i, 0), inputs.size(2))
                         .narrow(3, rng.below(2 * p + 1, i, 1), inputs.size(3)));
  }
  return torch::cat(images).to(inputs.scalar_type());
}

torch::Tensor crop(const torch::Tensor& inputs, const PadCrop& transform) {
  return transform(inputs, CounterRng(0, 0));
}

}  // namespace

TEST_CASE("PadCrop is padding and slicing, for every mode, padding and dtype") {
  torch::manual_seed(1);
  const torch::Tensor bytes = torch::randint(1, 256, {40, 3, 6, 9}, torch::kUInt8);
  for (const PadMode mode : {PadMode::zeros, PadMode::reflect}) {
    for (const std::int64_t padding : {0, 1, 2, 5}) {
      const PadCrop transform{padding, mode};
      const CounterRng rng(3, 8, 128);
      CAPTURE(padding);
      CHECK(transform(bytes, rng).equal(padded_and_sliced(bytes, rng, transform)));
      const torch::Tensor floats = bytes.to(torch::kFloat32);
      CHECK(transform(floats, rng).equal(padded_and_sliced(floats, rng, transform)));
      const torch::Tensor transposed = bytes.transpose(2, 3);  // not contiguous
      CHECK(transform(transposed, rng).equal(padded_and_sliced(transposed, rng, transform)));
    }
  }
}

TEST_CASE("PadCrop leaves its input as it was, and does nothing without padding") {
  const torch::Tensor images = torch::arange(2 * 16, torch::kUInt8).view({2, 1, 4, 4});
  const torch::Tensor before = images.clone();
  static_cast<void>(crop(images, {.padding = 2}));
  CHECK(images.equal(before));
  CHECK(crop(images, {.padding = 0}).equal(images));
  CHECK(crop(images.narrow(0, 0, 0), {.padding = 1}).sizes() == torch::IntArrayRef({0, 1, 4, 4}));
}

TEST_CASE("PadCrop reaches every offset, about equally often") {
  // One bright pixel in the middle of 5x5 shows where the crop was taken.
  torch::Tensor images = torch::zeros({9'000, 1, 5, 5});
  images.select(2, 2).select(2, 2).fill_(1);
  const torch::Tensor where = crop(images, {.padding = 1}).sum(0).squeeze(0);
  CHECK(where.sum().item<double>() == 9'000);
  const torch::Tensor reached = where.narrow(0, 1, 3).narrow(1, 1, 3);
  CHECK(reached.sum().item<double>() == 9'000);
  CHECK(reached.min().item<double>() > 880);
  CHECK(reached.max().item<double>() < 1'120);
}

TEST_CASE("PadCrop says which padding an image allows, and which inputs it takes") {
  const torch::Tensor images = torch::zeros({2, 3, 4, 6});
  CHECK_THROWS_WITH_AS(static_cast<void>(crop(images, {.padding = 4})),
                       doctest::Contains("padding is 4; for images of 4x6 it must be 0 to 3"), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(crop(images, {.padding = -1})), afd::ConfigError);
  CHECK_THROWS_WITH_AS(static_cast<void>(crop(images[0], {})), doctest::Contains("[3, 4, 6]"), afd::DataError);
}

TEST_SUITE_END();
