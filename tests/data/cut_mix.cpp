// SPDX-License-Identifier: MIT
#include <afd/data/cut_mix.hpp>
//
#include <cstdint>
#include <tuple>

#include <torch/torch.h>

#include <afd/data/make_views.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Batch;
using afd::CounterRng;
using afd::CutMix;
using afd::detail::draw_box;
using afd::detail::PixelBox;

namespace {

constexpr std::int64_t count = 6, height = 7, width = 9;

/// All pixels of image i are i, in both channels; its class is i.
Batch numbered(torch::ScalarType type = torch::kFloat32) {
  const torch::Tensor index = torch::arange(count);
  return {index.view({count, 1, 1, 1}).expand({count, 2, height, width}).to(type), index};
}

}  // namespace

TEST_CASE("each pixel comes from one of two images, in a box that is the same for all, and the labels say how many") {
  int boxes = 0;
  for (std::int64_t place = 0; place < 30; ++place) {
    const Batch mixed = CutMix{.classes = count}(numbered(), CounterRng(1, 0, place * count));
    CHECK(mixed.inputs.select(1, 0).equal(mixed.inputs.select(1, 1)));
    for (std::int64_t i = 0; i < count; ++i) {
      const torch::Tensor own = mixed.inputs[i][0].eq(i);
      const torch::Tensor other = mixed.inputs[i][0].masked_select(own.logical_not());
      if (other.numel() == 0) continue;  // the box was empty, or its partner was the image itself
      ++boxes;
      const auto partner = other[0].item<std::int64_t>();
      CHECK(other.eq(partner).all().item<bool>());
      // The pixels form a rectangle.
      const torch::Tensor rows = own.logical_not().any(1), columns = own.logical_not().any(0);
      CHECK(own.logical_not().equal(rows.unsqueeze(1).logical_and(columns.unsqueeze(0))));
      const double share = own.to(torch::kFloat64).mean().item<double>();
      CHECK(mixed.targets[i][i].item<double>() == doctest::Approx(share));
      CHECK(mixed.targets[i][partner].item<double>() == doctest::Approx(1 - share));
    }
    CHECK(torch::allclose(mixed.targets.sum(1), torch::ones({count})));
  }
  CHECK(boxes > 50);
}

TEST_CASE("a box has the part of the area that was asked for, unless the border cuts it off") {
  CHECK(draw_box(0, 8, 8, CounterRng(0, 0)).area() == 0);
  int whole = 0;
  for (std::int64_t i = 0; i < 300; ++i) {
    const CounterRng rng(4, 0, i);
    const PixelBox box = draw_box(0.25, 8, 12, rng);
    CHECK(box.top >= 0);
    CHECK(box.left >= 0);
    CHECK(box.bottom <= 8);
    CHECK(box.right <= 12);
    CHECK(box.area() <= 24);
    CHECK(box.area() >= 6);
    if (box.area() == 24) ++whole;
    // Around the pixel that was drawn.
    CHECK(box.top <= rng.below(8, 0, 0));
    CHECK(box.bottom > rng.below(8, 0, 0));
  }
  CHECK(whole > 75);  // (5 / 8) (7 / 12) of 300 are 109
}

TEST_CASE("bytes stay bytes, and the batch that was given stays as it was") {
  const Batch bytes = numbered(torch::kUInt8);
  const CounterRng rng(1, 0);
  const CutMix cut{.classes = count};
  const Batch mixed = cut(bytes, rng);
  CHECK(mixed.inputs.dtype() == torch::kUInt8);
  CHECK(mixed.inputs.to(torch::kFloat32).equal(cut(numbered(), rng).inputs));
  CHECK(mixed.targets.dtype() == torch::kFloat32);
  CHECK(bytes.inputs.equal(numbered(torch::kUInt8).inputs));
  CHECK(cut(bytes, rng).inputs.equal(mixed.inputs));
  CHECK_FALSE(cut(bytes, CounterRng(1, 1)).targets.equal(mixed.targets));
}

TEST_CASE("images of one size in the inputs get the same box") {
  const torch::Tensor images = numbered().inputs;
  const afd::BasicBatch batch{std::tuple{images, images * 2}, numbered().targets};
  const auto mixed = CutMix{.classes = count}(batch, CounterRng(1, 0));
  CHECK(std::get<1>(mixed.inputs).equal(std::get<0>(mixed.inputs) * 2));
}

TEST_CASE("what cannot be cut is named, with the way out") {
  const torch::Tensor labels = torch::zeros({4}, torch::kInt64), images = torch::zeros({4, 3, 8, 8});
  const auto throws = [](const auto& inputs, const torch::Tensor& targets, const char* part) {
    const auto cut = [&] {
      static_cast<void>(CutMix{.classes = 3}(afd::BasicBatch{inputs, targets}, CounterRng(0, 0)));
    };
    CHECK_THROWS_WITH_AS(cut(), doctest::Contains(part), afd::DataError);
  };
  throws(torch::zeros({4, 9}), labels, "images [N, C, H, W], but got Float of shape [4, 9]");
  throws(afd::Views{images, torch::zeros({4, 3, 6, 6})}, labels, "put it before afd::MakeViews");
  throws(images.narrow(0, 0, 3), labels, "each of 4 targets");
  throws(images, labels - 100, "-100");
  throws(images, labels + 3, "label 3");
  CHECK_THROWS_AS(static_cast<void>(CutMix{}(Batch{images, labels}, CounterRng(0, 0))), afd::ConfigError);
}

TEST_SUITE_END();
