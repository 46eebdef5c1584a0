// SPDX-License-Identifier: MIT
#include <afd/loss/alignment.hpp>

#include <vector>

#include <torch/types.h>

#include <afd/interop/eigen.hpp>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;

}  // namespace

TEST_CASE("l1 and l2 are means over every element") {
  torch::manual_seed(0);
  const Tensor student = torch::randn({2, 3, 4, 5}, torch::kDouble);
  const Tensor teacher = torch::randn({2, 3, 4, 5}, torch::kDouble);
  const Tensor s = student.flatten();
  const Tensor t = teacher.flatten();
  const Eigen::ArrayXd difference = afd::as_vector<double>(s).array() - afd::as_vector<double>(t).array();
  CHECK(afd::loss::l1(student, teacher).item<double>() == Approx(difference.abs().sum() / 120).epsilon(1e-12));
  CHECK(afd::loss::l2(student, teacher).item<double>() == Approx(difference.square().sum() / 120).epsilon(1e-12));
}

TEST_CASE("a constant offset d costs |d| and d^2") {
  const Tensor map = torch::ones({2, 3, 2, 2}, torch::kDouble);
  CHECK(afd::loss::l1(map, map + 3).item<double>() == Approx(3.0).epsilon(1e-14));
  CHECK(afd::loss::l2(map, map + 3).item<double>() == Approx(9.0).epsilon(1e-14));
  CHECK(afd::loss::l1(map, map).item<double>() == 0.0);
  CHECK(afd::loss::l2(map, map).item<double>() == 0.0);
}

TEST_CASE("alignment gradients match finite differences and reach both maps") {
  torch::manual_seed(1);
  const Tensor student = torch::randn({2, 2, 2, 3}, torch::kDouble);
  const Tensor teacher = torch::randn({2, 2, 2, 3}, torch::kDouble);
  const auto l1 = [](const std::vector<Tensor>& f) { return afd::loss::l1(f[0], f[1]); };
  const auto l2 = [](const std::vector<Tensor>& f) { return afd::loss::l2(f[0], f[1]); };
  CHECK(afd_test::max_gradient_error(l1, {student.clone(), teacher.clone()}) < 1e-8);
  CHECK(afd_test::max_gradient_error(l2, {student.clone(), teacher.clone()}) < 1e-8);
}

TEST_CASE("maps that differ in shape are refused, not broadcast") {
  const Tensor map = torch::zeros({2, 3, 4, 4});
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::l1(map, torch::zeros({2, 1, 4, 4}))),
                       doctest::Contains("transfer layer"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::l2(map, torch::zeros({2, 3, 2, 2}))),
                       doctest::Contains("[2, 3, 2, 2]"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::l1(map.slice(0, 0, 0), map.slice(0, 0, 0))), afd::DataError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::l2(map.slice(0, 0, 0), map.slice(0, 0, 0))), afd::DataError);
}

TEST_SUITE_END();
