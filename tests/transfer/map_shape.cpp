// SPDX-License-Identifier: MIT
#include <afd/transfer/map_shape.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

TEST_CASE("the shape leaves the batch out; a vector per sample is a map of 1x1") {
  CHECK(afd::map_shape(torch::zeros({7, 2, 3, 4})) == afd::MapShape{2, 3, 4});
  CHECK(afd::map_shape(torch::zeros({7, 5})) == afd::MapShape{5, 1, 1});
  CHECK(afd::detail::concat(afd::MapShape{2, 3, 4}) == "[2, 3, 4]");
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::map_shape(torch::zeros({7, 2, 3}))), doctest::Contains("[7, 2, 3]"),
                       afd::ShapeError);
}

TEST_CASE("areas are compared without channels") {
  CHECK(afd::MapShape{2, 3, 4}.same_area({9, 3, 4}));
  CHECK_FALSE(afd::MapShape{2, 3, 4}.same_area({2, 4, 3}));
}

TEST_CASE("as_map shares the elements") {
  const torch::Tensor vector = torch::arange(6).view({2, 3}), map = torch::zeros({2, 3, 1, 1});
  CHECK(afd::as_map(vector).sizes() == torch::IntArrayRef({2, 3, 1, 1}));
  CHECK(afd::as_map(vector).data_ptr() == vector.data_ptr());
  CHECK(afd::as_map(map).is_same(map));
}

TEST_SUITE_END();
