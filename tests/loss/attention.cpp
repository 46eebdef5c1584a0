// SPDX-License-Identifier: MIT
#include <afd/loss/attention.hpp>

#include <cmath>
#include <vector>

#include <torch/types.h>

#include <afd/interop/eigen.hpp>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;

/// Straight from the definition, for attention maps of one size.
double transfer_by_definition(const Tensor& student, const Tensor& teacher) {
  const Tensor s = student.flatten(1).contiguous();
  const Tensor t = teacher.flatten(1).contiguous();
  double sum = 0.0;
  for (Eigen::Index n = 0; n < s.size(0); ++n) {
    const Eigen::RowVectorXd a = afd::as_matrix<double>(s).row(n);
    const Eigen::RowVectorXd b = afd::as_matrix<double>(t).row(n);
    sum += (a / a.norm() - b / b.norm()).squaredNorm();
  }
  return sum / static_cast<double>(s.numel());
}

}  // namespace

TEST_CASE("attention is the mean over channels of squares") {
  const Tensor features = torch::tensor({1.0, 2.0, -3.0, 4.0}, torch::kDouble).view({1, 2, 1, 2});
  const Tensor attention = afd::loss::attention_map(features);
  CHECK(attention.sizes() == torch::IntArrayRef({1, 1, 2}));
  CHECK(attention[0][0][0].item<double>() == Approx((1.0 + 9.0) / 2).epsilon(1e-14));
  CHECK(attention[0][0][1].item<double>() == Approx((4.0 + 16.0) / 2).epsilon(1e-14));
}

TEST_CASE("attention transfer agrees with its definition") {
  torch::manual_seed(0);
  const Tensor student = torch::rand({3, 4, 5}, torch::kDouble);
  const Tensor teacher = torch::rand({3, 4, 5}, torch::kDouble);
  CHECK(afd::loss::attention_transfer(student, teacher).item<double>() ==
        Approx(transfer_by_definition(student, teacher)).epsilon(1e-10));
}

TEST_CASE("attention on different places costs 2 / (h w)") {
  const Tensor left = torch::tensor({1.0, 0.0}, torch::kDouble).view({1, 1, 2});
  const Tensor right = torch::tensor({0.0, 5.0}, torch::kDouble).view({1, 1, 2});
  CHECK(afd::loss::attention_transfer(left, right).item<double>() == Approx(1.0).epsilon(1e-14));
}

TEST_CASE("attention transfer is blind to scale, per sample") {
  torch::manual_seed(1);
  const Tensor attention = torch::rand({2, 3, 3}, torch::kDouble);
  const Tensor scale = torch::tensor({3.0, 0.1}, torch::kDouble).view({2, 1, 1});
  CHECK(afd::loss::attention_transfer(attention, attention * scale).item<double>() < 1e-30);
}

TEST_CASE("the larger map is pooled to the smaller, whichever side it is on") {
  torch::manual_seed(2);
  const Tensor large = torch::rand({2, 4, 6}, torch::kDouble);
  const Tensor small = torch::rand({2, 2, 3}, torch::kDouble);
  const Tensor pooled = large.view({2, 2, 2, 3, 2}).mean(4).mean(2);  // 2x2 blocks
  const double expected = transfer_by_definition(pooled, small);
  CHECK(afd::loss::attention_transfer(large, small).item<double>() == Approx(expected).epsilon(1e-10));
  CHECK(afd::loss::attention_transfer(small, large).item<double>() == Approx(expected).epsilon(1e-10));
}

TEST_CASE("each side is pooled on its own when neither map is the smaller") {
  torch::manual_seed(3);
  const Tensor tall = torch::rand({2, 4, 3}, torch::kDouble);
  const Tensor wide = torch::rand({2, 2, 6}, torch::kDouble);
  const double expected = transfer_by_definition(tall.view({2, 2, 2, 3}).mean(2), wide.view({2, 2, 3, 2}).mean(3));
  CHECK(afd::loss::attention_transfer(tall, wide).item<double>() == Approx(expected).epsilon(1e-10));
}

TEST_CASE("sequences and volumes have attention, too, pooled along each side") {
  torch::manual_seed(5);
  const Tensor sequence = torch::rand({2, 3, 4}, torch::kDouble), volume = torch::rand({2, 3, 2, 4, 6}, torch::kDouble);
  CHECK(afd::loss::attention_map(sequence).equal(sequence.square().mean(1)));
  CHECK(afd::loss::attention_map(volume).sizes() == torch::IntArrayRef({2, 2, 4, 6}));
  const Tensor short_one = torch::rand({2, 2}, torch::kDouble), long_one = torch::rand({2, 6}, torch::kDouble);
  CHECK(afd::loss::attention_transfer(short_one, long_one).item<double>() ==
        Approx(transfer_by_definition(short_one, long_one.view({2, 2, 3}).mean(2))).epsilon(1e-10));
  const Tensor deep = torch::rand({2, 4, 2, 3}, torch::kDouble), wide = torch::rand({2, 2, 2, 6}, torch::kDouble);
  const double expected =
      transfer_by_definition(deep.view({2, 2, 2, 2, 3}).mean(2), wide.view({2, 2, 2, 3, 2}).mean(4));
  CHECK(afd::loss::attention_transfer(deep, wide).item<double>() == Approx(expected).epsilon(1e-10));
}

TEST_CASE("attention gradients match finite differences across channel counts and sizes") {
  torch::manual_seed(4);
  const Tensor student = torch::randn({2, 2, 4, 4}, torch::kDouble);
  const Tensor teacher = torch::randn({2, 3, 2, 2}, torch::kDouble);
  const auto loss = [](const std::vector<Tensor>& f) {
    return afd::loss::attention_transfer(afd::loss::attention_map(f[0]), afd::loss::attention_map(f[1]));
  };
  CHECK(afd_test::max_gradient_error(loss, {student, teacher}) < 1e-8);
}

TEST_CASE("a dead map gives a finite loss and a finite gradient") {
  Tensor dead = torch::zeros({1, 2, 2, 2}, torch::kDouble).requires_grad_();
  const Tensor teacher = torch::ones({1, 2, 2}, torch::kDouble);
  const Tensor loss = afd::loss::attention_transfer(afd::loss::attention_map(dead), teacher);
  loss.backward();
  CHECK(loss.item<double>() == Approx(0.25).epsilon(1e-14));  // a unit vector against nothing, over 4 places
  CHECK(dead.grad().isfinite().all().item<bool>());
}

TEST_CASE("what has no attention is refused in words") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::attention_map(torch::zeros({2, 3}))),
                       doctest::Contains("before its pooling"), afd::ShapeError);
  const Tensor map = torch::zeros({2, 3, 3});
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::attention_map(torch::zeros({2, 3, 1, 1, 1, 1}))),
                       doctest::Contains("but got shape [2, 3, 1, 1, 1, 1]"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::attention_transfer(map, torch::zeros({2, 4, 3, 3, 3}))),
                       doctest::Contains("attention_map(features)"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::attention_transfer(map, torch::zeros({2, 9}))),
                       doctest::Contains("[2, 9]; give tokens their grid, afd::Tokens{x, height, width}"),
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::attention_transfer(map, torch::zeros({1, 3, 3}))),
                       doctest::Contains("[1, 3, 3]"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::attention_transfer(map.slice(0, 0, 0), map.slice(0, 0, 0))),
                  afd::DataError);
}

TEST_SUITE_END();
