// SPDX-License-Identifier: MIT
#include <afd/detail/libtorch.hpp>
//
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

TEST_SUITE_END();
