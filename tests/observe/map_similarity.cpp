// SPDX-License-Identifier: MIT
#include <afd/observe/map_similarity.hpp>
//
#include <cmath>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using afd::map_similarity;
using afd::MapSimilarity;

TEST_CASE("maps are as alike as their definitions say") {
  const torch::Tensor a = torch::tensor({{1.0, 2.0}, {3.0, -4.0}, {0.0, 5.0}}, torch::kDouble);
  const torch::Tensor b = torch::tensor({{2.0, 2.0}, {0.0, -4.0}, {1.0, 1.0}}, torch::kDouble);
  const MapSimilarity found = map_similarity(a, b);
  CHECK(found.l1 == doctest::Approx((1 + 0 + 3 + 0 + 1 + 4) / 6.0));
  CHECK(found.l2 == doctest::Approx((1 + 0 + 9 + 0 + 1 + 16) / 6.0));
  CHECK(found.cosine ==
        doctest::Approx((6 / (std::sqrt(5.0) * std::sqrt(8.0)) + 16 / (5 * 4.0) + 5 / (5 * std::sqrt(2.0))) / 3));
  // The other form of the same: |Y^T X|^2 / (|X^T X| |Y^T Y|) of centred columns.
  const torch::Tensor x = a - a.mean(0, true), y = b - b.mean(0, true);
  const double expected = (y.t().mm(x).square().sum() / (x.t().mm(x).norm() * y.t().mm(y).norm())).item<double>();
  CHECK(found.cka == doctest::Approx(expected));
  CHECK(found.cka < 0.99);
}

TEST_CASE("turned and scaled channels are the same to centred alignment, and to nothing else") {
  torch::manual_seed(3);
  const torch::Tensor maps = torch::randn({20, 3, 2, 2});
  const MapSimilarity same = map_similarity(maps, maps);
  CHECK(same.l1 == 0);
  CHECK(same.l2 == 0);
  CHECK(same.cosine == doctest::Approx(1));
  CHECK(same.cka == doctest::Approx(1));
  const MapSimilarity turned = map_similarity(maps, 7 * maps.roll(1, 1) + 2);
  CHECK(turned.cka == doctest::Approx(1).epsilon(1e-5));
  CHECK(turned.l1 > 1);
  CHECK(turned.cosine < 0.9);
}

TEST_CASE("maps of other shapes have centred alignment only; what cannot be compared is refused") {
  const MapSimilarity found = map_similarity(torch::randn({8, 4, 2, 2}), torch::randn({8, 6, 3, 3}));
  CHECK(std::isnan(found.l1));
  CHECK(std::isnan(found.l2));
  CHECK(std::isnan(found.cosine));
  CHECK(found.cka > 0);
  CHECK(found.cka < 1);
  CHECK_THROWS_WITH_AS(static_cast<void>(map_similarity(torch::ones({2, 3}), torch::ones({3, 3}))),
                       doctest::Contains("not of the same samples"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(map_similarity(torch::ones({0, 3}), torch::ones({0, 3}))), afd::DataError);
}

TEST_SUITE_END();
