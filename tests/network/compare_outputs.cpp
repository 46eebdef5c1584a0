// SPDX-License-Identifier: MIT
#include <afd/network/compare_outputs.hpp>
//
#include <cmath>
#include <vector>

#include <torch/torch.h>

#include <afd/network/outputs.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using afd::detail::relative_difference;
using torch::Tensor;

TEST_CASE("differences are parts of the largest magnitude") {
  const Tensor a = torch::tensor({1.0, -4.0, 2.0}, torch::kDouble), b = torch::tensor({1.0, -3.0, 2.5}, torch::kDouble);
  CHECK(relative_difference(a, a.clone()) == 0);
  CHECK(relative_difference(a, b) == doctest::Approx(1.0 / 4));
  CHECK(relative_difference(a, std::nextafter(1.0, 2.0) * a) > 0);
  CHECK(relative_difference(Tensor(), Tensor()) == 0);
  CHECK(std::isinf(relative_difference(a, Tensor())));
  CHECK(std::isinf(relative_difference(a, a.view({1, 3}))));
  CHECK(std::isinf(relative_difference(a, a.to(torch::kFloat))));
  CHECK(std::isinf(relative_difference(torch::zeros({2}), torch::ones({2}))));
  CHECK(relative_difference(torch::zeros({0}), torch::zeros({0})) == 0);
}

TEST_CASE("NaN and infinity are the same where both have them, and else as different as can be") {
  const double inf = INFINITY;
  const Tensor a = torch::tensor({double(NAN), inf, -inf, 2.0});
  CHECK(relative_difference(a, a.clone()) == 0);
  CHECK(relative_difference(a, torch::tensor({double(NAN), inf, -inf, 1.0})) == doctest::Approx(0.5));
  CHECK(std::isinf(relative_difference(a, torch::tensor({1.0, inf, -inf, 2.0}))));
  CHECK(std::isinf(relative_difference(a, torch::tensor({double(NAN), inf, inf, 2.0}))));
}

TEST_CASE("integers are the same or not") {
  CHECK(relative_difference(torch::tensor({1, 2}), torch::tensor({1, 2})) == 0);
  CHECK(std::isinf(relative_difference(torch::tensor({1, 2}), torch::tensor({1, 3}))));
}

TEST_CASE("of several tensors the largest counts") {
  const afd::Outputs outputs{torch::ones({2}), Tensor()};
  const std::vector<Tensor> all = afd::detail::tensors_in(outputs);
  REQUIRE(all.size() == 2);
  CHECK_FALSE(all[1].defined());
  CHECK(relative_difference(all, all) == 0);
  CHECK(relative_difference({torch::ones({2}), torch::ones({1})}, {torch::ones({2}), torch::full({1}, 0.5)}) ==
        doctest::Approx(0.5));
  CHECK(std::isinf(relative_difference({torch::ones({2})}, std::vector<Tensor>{})));
}

TEST_SUITE_END();
