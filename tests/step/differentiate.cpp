// SPDX-License-Identifier: MIT
#include <afd/step/differentiate.hpp>
//
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

using torch::Tensor;

TEST_CASE("gradients of what the loss depends on, undefined for the rest, and .grad() left alone") {
  const Tensor a = torch::full({2}, 3.0, torch::requires_grad()), b = torch::ones({2}, torch::requires_grad());
  const Tensor loss = (a * a).sum();
  const std::vector<Tensor> first = afd::detail::gradients(loss, {a, b}, /*keep_graph=*/true);
  CHECK(torch::equal(first[0], torch::full({2}, 6.0)));
  CHECK_FALSE(first[1].defined());
  CHECK_FALSE(a.grad().defined());
  CHECK_NOTHROW(afd::detail::gradients(loss, {a}, /*keep_graph=*/false));
  CHECK_THROWS(afd::detail::gradients(loss, {a}, /*keep_graph=*/false));
}

TEST_CASE("a loss that hangs on nothing is an error that names the network") {
  CHECK_NOTHROW(afd::detail::require_differentiable(torch::ones({}, torch::requires_grad()), 1, "logit"));
  CHECK_THROWS_WITH_AS(afd::detail::require_differentiable(torch::ones({}), 1, "logit"),
                       doctest::Contains("the logit loss of network 1"), afd::ConfigError);
}

TEST_SUITE_END();
