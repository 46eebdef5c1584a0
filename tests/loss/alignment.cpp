// SPDX-License-Identifier: MIT
#include <afd/loss/alignment.hpp>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

TEST_CASE("l1 and l2 are means over every element") {
  const auto student = torch::tensor({1.0, 2.0, 3.0, 4.0}, torch::kDouble).view({1, 1, 2, 2});
  const auto teacher = torch::tensor({1.0, 0.0, 4.0, 7.0}, torch::kDouble).view({1, 1, 2, 2});
  CHECK(afd::loss::l1(student, teacher).item<double>() == doctest::Approx(6.0 / 4.0).epsilon(1e-14));
  CHECK(afd::loss::l2(student, teacher).item<double>() == doctest::Approx(14.0 / 4.0).epsilon(1e-14));
}

TEST_CASE("gradients of l2 agree with finite differences") {
  torch::manual_seed(3);
  const auto loss = [](const std::vector<torch::Tensor>& maps) { return afd::loss::l2(maps[0], maps[1]); };
  const auto map = [] { return torch::randn({2, 3, 2, 2}, torch::kDouble); };
  CHECK(afd_test::max_gradient_error(loss, {map(), map()}) < 1e-8);
}

TEST_CASE("maps of different shapes are refused instead of broadcast") {
  CHECK_THROWS_WITH_AS(afd::loss::l1(torch::zeros({2, 3, 4, 4}), torch::zeros({2, 1, 4, 4})),
                       doctest::Contains("transfer layer"), afd::ShapeError);
}

TEST_SUITE_END();
