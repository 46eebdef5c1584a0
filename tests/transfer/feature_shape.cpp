// SPDX-License-Identifier: MIT
#include <afd/transfer/feature_shape.hpp>
//
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

using afd::feature_shape;
using afd::FeatureShape;
using afd::Tokens;

// {C, H, W} without the inner braces would otherwise be a vector's shape, or a sequence's.
static_assert(!std::is_constructible_v<FeatureShape, int, int, int> &&
              !std::is_constructible_v<FeatureShape, int, int>);
static_assert(!std::is_convertible_v<int, FeatureShape>);

TEST_CASE("the shape of tensors leaves the batch out and counts sides") {
  CHECK(feature_shape(torch::zeros({7, 5})) == FeatureShape{5, {}});
  CHECK(feature_shape(torch::zeros({7, 5, 6})) == FeatureShape{5, {6}});
  CHECK(feature_shape(torch::zeros({7, 2, 3, 4})) == FeatureShape{2, {3, 4}});
  CHECK(feature_shape(torch::zeros({7, 2, 3, 4, 5})) == FeatureShape{2, {3, 4, 5}});
  CHECK_FALSE(FeatureShape{5, {}} == FeatureShape{5, {1}});
  CHECK(FeatureShape{2, {3, 4}}.rank == 2);
  CHECK(FeatureShape{2, {3, 4, 5}}.places() == 60);
  CHECK(FeatureShape{2, {}}.places() == 1);
}

TEST_CASE("tokens have one side, or their grid's two, and channels last") {
  const torch::Tensor values = torch::zeros({7, 6, 5});
  const FeatureShape flat = feature_shape(Tokens{values});
  CHECK(flat.channels == 5);
  CHECK(flat.rank == 1);
  CHECK(flat.sides[0] == 6);
  CHECK(flat.tokens);
  const FeatureShape grid = feature_shape(Tokens{values, 2, 3});
  CHECK(grid.tokens);
  CHECK(afd::channels_first(grid) == FeatureShape{5, {2, 3}});
  CHECK_FALSE(flat == afd::channels_first(flat));
}

TEST_CASE("seen features are known by their signs, too, which are no part of the shape") {
  const FeatureShape positive = afd::seen_shape(torch::ones({2, 3, 4, 4}));
  CHECK_FALSE(positive.is_signed);
  torch::Tensor values = torch::ones({2, 5, 3});
  values[1][4][2] = -1e-6;
  CHECK(afd::seen_shape(values).is_signed);
  CHECK(afd::seen_shape(Tokens{values}).is_signed);
  CHECK(afd::seen_shape(values) == feature_shape(values));
}

TEST_CASE("shapes print as a reader would write them") {
  const auto text = [](const FeatureShape& shape) { return afd::detail::concat(shape); };
  CHECK(text({5, {}}) == "[5]");
  CHECK(text({2, {3, 4, 5}}) == "[2, 3, 4, 5]");
  CHECK(text(feature_shape(Tokens{torch::zeros({1, 6, 5})})) == "tokens [6, 5]");
  CHECK(text(feature_shape(Tokens{torch::zeros({1, 6, 5}), 2, 3})) == "tokens [2, 3, 5]");
}

TEST_CASE("ranks without a meaning are refused, with the shape that was given") {
  CHECK_THROWS_WITH_AS(static_cast<void>(feature_shape(torch::zeros({7}))), doctest::Contains("have shape [7]"),
                       afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(feature_shape(torch::zeros({1, 1, 1, 1, 1, 1}))), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(feature_shape(torch::Tensor())), doctest::Contains("undefined tensor"),
                       afd::ShapeError);
  CHECK_THROWS_AS(FeatureShape(2, {1, 1, 1, 1}), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(feature_shape(Tokens{torch::zeros({2, 3})})),
                       doctest::Contains("tokens must be [N, L, C], but have shape [2, 3]"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(feature_shape(Tokens{})), doctest::Contains("undefined tensor"),
                       afd::ShapeError);
}

TEST_CASE("a declared grid must hold all tokens") {
  const torch::Tensor values = torch::zeros({2, 17, 5});
  for (const Tokens& tokens :
       {Tokens{values, 4, 4}, Tokens{values, 17, 0}, Tokens{values, 0, 17}, Tokens{values, -1, -17}}) {
    CHECK_THROWS_WITH_AS(static_cast<void>(feature_shape(tokens)), doctest::Contains("x.slice(1, 1)"), afd::ShapeError);
    CHECK_THROWS_AS(static_cast<void>(afd::channels_first(tokens)), afd::ShapeError);
  }
  CHECK_NOTHROW(static_cast<void>(feature_shape(Tokens{values.slice(1, 1), 4, 4})));
}

TEST_CASE("channels_first copies nothing, and has the shape that feature_shape says") {
  const torch::Tensor values = torch::arange(2 * 6 * 5).view({2, 6, 5});
  const torch::Tensor sequence = afd::channels_first(Tokens{values});
  CHECK(sequence.equal(values.permute({0, 2, 1})));
  CHECK(sequence.data_ptr() == values.data_ptr());
  const torch::Tensor map = afd::channels_first(Tokens{values, 2, 3});
  CHECK(map.data_ptr() == values.data_ptr());
  REQUIRE(map.sizes() == torch::IntArrayRef({2, 5, 2, 3}));
  CHECK(map[1][4][1][2].item<int>() == values[1][5][4].item<int>());  // row by row: place 5 is row 1, column 2
  CHECK(map[1][3][0][2].item<int>() == values[1][2][3].item<int>());
  CHECK(feature_shape(Tokens{values, 2, 3}).describes(map));
  CHECK(afd::channels_first(values).is_same(values));
}

TEST_CASE("a shape describes the tensors that have it, whatever the batch") {
  const FeatureShape shape{2, {3, 4}};
  CHECK(shape.sizes(7) == std::vector<std::int64_t>{7, 2, 3, 4});
  CHECK(shape.describes(torch::zeros({1, 2, 3, 4})));
  CHECK(shape.describes(torch::zeros({9, 2, 3, 4})));
  CHECK_FALSE(shape.describes(torch::zeros({2, 3, 4})));
  CHECK_FALSE(shape.describes(torch::zeros({1, 2, 4, 3})));
  CHECK_FALSE(shape.describes(torch::zeros({1, 2, 3, 4, 1})));
  CHECK_FALSE(shape.describes(torch::zeros({2})));
  CHECK_FALSE(shape.describes(torch::Tensor()));
}

TEST_CASE("shapes without channels or without places are empty") {
  CHECK(FeatureShape{}.empty());
  CHECK(FeatureShape{0, {3}}.empty());
  CHECK(FeatureShape{3, {2, 0}}.empty());
  CHECK(FeatureShape{3, {2, 2, -1}}.empty());
  CHECK_FALSE(FeatureShape{3, {}}.empty());
  CHECK_FALSE(FeatureShape{3, {1, 2, 3}}.empty());
}

TEST_SUITE_END();
