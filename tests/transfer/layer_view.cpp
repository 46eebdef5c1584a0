// SPDX-License-Identifier: MIT
#include <afd/transfer/layer_view.hpp>
//
#include <array>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

using afd::FeatureShape;
using namespace afd::detail;

TEST_CASE("layers see vectors and sequences as maps, without a copy, and there is a way back") {
  for (const FeatureShape& shape :
       {FeatureShape{2, {}}, FeatureShape{2, {3}}, FeatureShape{2, {3, 4}}, FeatureShape{2, {1, 1}}}) {
    CAPTURE(shape);
    const torch::Tensor features = torch::randn(shape.sizes(6));
    const torch::Tensor view = layer_view(features);
    CHECK(view.sizes().slice(2) == torch::IntArrayRef(layer_sides<2>(shape)));
    CHECK(view.data_ptr() == features.data_ptr());
    CHECK(from_view(view, shape).equal(features));
    CHECK(map_view(features).equal(view));
  }
  CHECK(layer_sides<2>({2, {}}) == std::array<std::int64_t, 2>{1, 1});
  CHECK(layer_sides<2>({2, {3}}) == std::array<std::int64_t, 2>{1, 3});
  CHECK(layer_sides<3>({2, {3, 4, 5}}) == std::array<std::int64_t, 3>{3, 4, 5});
}

TEST_CASE("maps and volumes are the tensors that they were") {
  const torch::Tensor map = torch::randn({2, 3, 1, 4}), volume = torch::randn({2, 3, 1, 1, 4});
  CHECK(layer_view(map).is_same(map));
  CHECK(layer_view(volume).is_same(volume));
  CHECK(map_view(map).is_same(map));
  CHECK(from_view(map, {3, {1, 4}}).is_same(map));
  CHECK(from_view(volume, {3, {1, 1, 4}}).is_same(volume));
}

TEST_CASE("a volume is a map, too, and comes back from it with the channels that it then has") {
  const torch::Tensor volume = torch::randn({2, 3, 4, 5, 6});
  const torch::Tensor view = map_view(volume);
  CHECK(view.equal(volume.reshape({2, 3, 20, 6})));
  CHECK(view.data_ptr() == volume.data_ptr());
  CHECK(from_view(view.slice(1, 0, 2), {3, {4, 5, 6}}).equal(volume.slice(1, 0, 2)));
}

TEST_CASE("a convolution of the view is a convolution of the sequence") {
  torch::manual_seed(0);
  const torch::Tensor sequence = torch::randn({2, 3, 9}), weight = torch::randn({4, 3, 5});
  const std::vector<std::int64_t> padding = {0, 2};
  const torch::Tensor view = torch::conv2d(layer_view(sequence), weight.unsqueeze(2), {}, 1, padding);
  CHECK(torch::allclose(from_view(view, {4, {9}}), torch::conv1d(sequence, weight, {}, 1, 2), 1e-5, 1e-5));
}

TEST_SUITE_END();
