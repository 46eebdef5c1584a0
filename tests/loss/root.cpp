// SPDX-License-Identifier: MIT
#include <afd/loss/root.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

using torch::Tensor;

TEST_CASE("it is the square root, and NaN stays NaN") {
  const Tensor squares = torch::tensor({0.0, 1e-300, 2.25, 1e300}, torch::kDouble);
  CHECK(torch::equal(afd::detail::root(squares), squares.sqrt()));
  CHECK(std::isnan(afd::detail::root(torch::tensor(std::numeric_limits<double>::quiet_NaN())).item<double>()));
}

TEST_CASE("at 0 its slope is 0, elsewhere the square root's, and it can be differentiated twice") {
  const auto sum = [](const std::vector<Tensor>& x) { return afd::detail::root(x[0]).sum(); };
  CHECK(afd_test::max_gradient_error(sum, {torch::tensor({0.25, 4.0, 9.0}, torch::kDouble)}) < 1e-8);
  const Tensor squares = torch::tensor({0.0, 4.0}, torch::kDouble).requires_grad_();
  const Tensor slope =
      torch::autograd::grad({afd::detail::root(squares).sum()}, {squares}, {}, true, /*create_graph=*/true)[0];
  CHECK(torch::equal(slope.detach(), torch::tensor({0.0, 0.25}, torch::kDouble)));
  const Tensor bend = torch::autograd::grad({slope.sum()}, {squares})[0];
  CHECK(torch::allclose(bend, torch::tensor({0.0, -0.25 / 8}, torch::kDouble)));  // -1/4 x^(-3/2)
}

TEST_CASE("squares that hardly are numbers count as 0, in either precision") {
  const Tensor twice = torch::tensor({1e-303, 1e-301}, torch::kDouble), once = torch::tensor({1e-33F, 1e-31F});
  CHECK(torch::equal(afd::detail::root(twice).gt(0), torch::tensor({false, true})));
  CHECK(torch::equal(afd::detail::root(once).gt(0), torch::tensor({false, true})));
}

TEST_SUITE_END();
