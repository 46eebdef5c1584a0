// SPDX-License-Identifier: MIT
#include <afd/discriminator/feature_check.hpp>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

using afd::FeatureShape;

TEST_CASE("features of the promised shape pass untouched, whatever the batch") {
  for (const FeatureShape& shape : {FeatureShape{3, {}}, {3, {4}}, {3, {4, 5}}, {3, {2, 4, 5}}}) {
    CAPTURE(shape);
    for (const std::int64_t batch : {1, 7}) {
      const torch::Tensor features = torch::randn(shape.sizes(batch));
      CHECK(afd::detail::checked_features(features, shape, "D").is_same(features));
    }
  }
}

TEST_CASE("another shape is refused, naming who, both shapes and the way out") {
  const FeatureShape map{3, {4, 5}};
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::detail::checked_features(torch::zeros({2, 3, 4, 4}), map, "D")),
                       "D was made for features of shape [3, 4, 5] but was given [3, 4, 4], channels first; make one "
                       "discriminator per edge, for the shape that the edge's transfer layers give",
                       afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::detail::checked_features(torch::zeros({2, 3, 20}), map, "D")),
                  afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::detail::checked_features(torch::zeros({2}), map, "D")), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::detail::checked_features(torch::Tensor(), map, "D")), afd::ShapeError);
}

TEST_CASE("empty shapes and widths are refused") {
  CHECK_NOTHROW(afd::detail::require_feature_shape({1, {}}, "D"));
  CHECK_NOTHROW(afd::detail::require_feature_shape({1, {1, 1, 1}}, "D"));
  for (const FeatureShape& shape : {FeatureShape{}, {0, {1, 1}}, {1, {0, 1}}, {1, {1, 1, -1}}}) {
    CAPTURE(shape);
    CHECK_THROWS_WITH_AS(afd::detail::require_feature_shape(shape, "D"), doctest::Contains("D cannot be made for"),
                         afd::ShapeError);
  }
  CHECK_NOTHROW(afd::detail::require_hidden_width(1, "D"));
  CHECK_THROWS_WITH_AS(afd::detail::require_hidden_width(0, "D"), doctest::Contains("at least 1, but is 0"),
                       afd::ConfigError);
}

TEST_CASE("the mean over places leaves channels apart, and vectors alone") {
  const torch::Tensor vectors = torch::randn({2, 3}), volume = torch::randn({2, 3, 4, 5, 6});
  CHECK(afd::detail::mean_over_places(vectors).is_same(vectors));
  CHECK(torch::allclose(afd::detail::mean_over_places(volume), volume.sum(4).sum(3).sum(2) / 120, 1e-4, 1e-6));
}

TEST_SUITE_END();
