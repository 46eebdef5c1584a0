// SPDX-License-Identifier: MIT
#include <afd/discriminator/map_check.hpp>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

TEST_CASE("maps of the promised shape pass untouched, whatever the batch") {
  const torch::Tensor map = torch::randn({2, 3, 4, 5});
  CHECK(afd::detail::checked_map(map, {3, 4, 5}, "D").is_same(map));
  CHECK(afd::detail::checked_map(torch::zeros({7, 3}), {3, 1, 1}, "D").sizes() == torch::IntArrayRef({7, 3, 1, 1}));
}

TEST_CASE("another shape is refused, naming who, both shapes and the way out") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::detail::checked_map(torch::zeros({2, 3, 4, 4}), {3, 4, 5}, "D")),
                       doctest::Contains("D was made for maps [C, H, W] = [3, 4, 5] but was given [3, 4, 4]"),
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::detail::checked_map(torch::zeros({2, 3, 4, 4}), {3, 4, 5}, "D")),
                       doctest::Contains("one discriminator per edge"), afd::ShapeError);
}

TEST_CASE("empty shapes and widths are refused") {
  CHECK_NOTHROW(afd::detail::require_map_shape({1, 1, 1}, "D"));
  for (const afd::MapShape& shape : {afd::MapShape{0, 1, 1}, afd::MapShape{1, 0, 1}, afd::MapShape{1, 1, -1}}) {
    CAPTURE(shape);
    CHECK_THROWS_AS(afd::detail::require_map_shape(shape, "D"), afd::ShapeError);
  }
  CHECK_NOTHROW(afd::detail::require_hidden_width(1, "D"));
  CHECK_THROWS_WITH_AS(afd::detail::require_hidden_width(0, "D"), doctest::Contains("at least 1, but is 0"),
                       afd::ConfigError);
}

TEST_SUITE_END();
