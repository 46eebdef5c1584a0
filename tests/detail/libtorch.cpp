// SPDX-License-Identifier: MIT
#include <afd/detail/libtorch.hpp>
//
#include <cmath>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

TEST_CASE("a list is scaled by a number that is a tensor, and keeps its dtypes") {
  const std::vector<torch::Tensor> list{torch::ones({2, 3}), torch::full({4}, 2.0)};
  for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
    const auto scaled = afd::detail::scaled_list(list, torch::full({}, 0.5, dtype));
    REQUIRE(scaled.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(torch::equal(scaled[i], list[i] * 0.5));
  }
  CHECK(afd::detail::scaled_list({}, torch::ones({})).empty());
}

TEST_CASE("a list is copied into another, tensor by tensor") {
  const std::vector<torch::Tensor> to{torch::zeros({2, 3}), torch::zeros({2}, torch::kInt64), torch::zeros({4}).t()};
  const std::vector<torch::Tensor> from{torch::randn({3, 2}).t(), torch::tensor({3, 4}, torch::kInt64),
                                        torch::full({4}, NAN)};
  afd::detail::copy_list(to, from);
  CHECK(torch::equal(to[0], from[0]));
  CHECK(torch::equal(to[1], from[1]));
  CHECK(to[2].isnan().all().item<bool>());
  CHECK_NOTHROW(afd::detail::copy_list({}, {}));
}

TEST_SUITE_END();
