// SPDX-License-Identifier: MIT
#include <afd/transfer/transfer_side.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

using afd::MapShape;
using afd::detail::TransferSide;

TEST_CASE("a side that needs nothing returns its map; one that must shrink averages places") {
  const torch::Tensor map = torch::randn({2, 3, 4, 4});
  CHECK(TransferSide("student", MapShape{3, 4, 4}, MapShape{3, 4, 4}, false, 1)->forward(map).is_same(map));
  const torch::Tensor pooled = TransferSide("student", MapShape{3, 4, 4}, MapShape{3, 2, 2}, false, 1)->forward(map);
  CHECK(torch::allclose(pooled, torch::avg_pool2d(map, 2)));
}

TEST_CASE("a convolution brings channels to the teacher's and ends in a ReLU") {
  torch::manual_seed(0);
  TransferSide side("student", MapShape{3, 4, 4}, MapShape{5, 2, 2}, true, 3);
  const torch::Tensor map = torch::randn({2, 3, 4, 4}, torch::requires_grad());
  const torch::Tensor before = map.detach().clone();
  const torch::Tensor result = side->forward(map);
  CHECK(result.sizes() == torch::IntArrayRef({2, 5, 2, 2}));
  CHECK((result >= 0).all().item<bool>());
  CHECK(result.max().item<double>() > 0);
  CHECK(torch::equal(map.detach(), before));
  result.sum().backward();
  CHECK(map.grad().defined());
  for (const auto& parameter : side->parameters()) CHECK(parameter.grad().defined());
}

TEST_CASE("maps of another shape than promised are refused, with the side's name") {
  TransferSide side("teacher", MapShape{3, 4, 4}, MapShape{3, 2, 2}, false, 1);
  CHECK_THROWS_WITH_AS(side->forward(torch::zeros({2, 3, 5, 4})), doctest::Contains("of the teacher"), afd::ShapeError);
  CHECK_THROWS_AS(side->forward(torch::zeros({2, 4, 4, 4})), afd::ShapeError);
  CHECK_THROWS_AS(side->forward(torch::zeros({3, 4, 4})), afd::ShapeError);
}

TEST_CASE("shapes and kernels are checked, and the common shape is the smaller of each side") {
  using namespace afd::detail;
  CHECK(common_shape(7, {3, 4, 8}, {5, 6, 2}) == MapShape{7, 4, 2});
  CHECK_THROWS_WITH_AS(require_map_shapes({0, 4, 4}, {3, 4, 4}, "StudentConv"), doctest::Contains("StudentConv"),
                       afd::ShapeError);
  CHECK_THROWS_AS(require_odd_kernel(2, "x"), afd::ConfigError);
  CHECK_THROWS_AS(require_odd_kernel(-1, "x"), afd::ConfigError);
  CHECK_NOTHROW(require_odd_kernel(5, "x"));
}

TEST_SUITE_END();
