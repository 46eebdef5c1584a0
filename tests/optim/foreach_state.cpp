// SPDX-License-Identifier: MIT
#include <afd/optim/foreach_state.hpp>
//
#include <vector>

#include <afd/optim/adam.hpp>
#include <afd/optim/sgd.hpp>

#include "optim/reference.hpp"
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using torch::Tensor;

TEST_CASE("100 steps over lists of tensors are those of LibTorch's optimizers") {
  optim_test::check_all(/*dense=*/false);
}

TEST_CASE("half precision is updated in its own dtype") {
  Tensor w = torch::ones({4}, torch::TensorOptions(torch::kBFloat16).requires_grad(true));
  auto state = afd::Sgd{.lr = 0.5, .momentum = 0, .weight_decay = 0}.make({w});
  CHECK_FALSE(state.is_fused());
  state.apply(std::vector<Tensor>{torch::ones({4})});
  CHECK((w.scalar_type() == torch::kBFloat16));
  CHECK(w[0].item<float>() == 0.5);
}

TEST_CASE("the sum of squares is over what is there") {
  const std::vector<Tensor> parameters{torch::zeros({2}), torch::zeros({3})};
  const afd::detail::ForeachState<afd::detail::SgdRule> state(parameters, {0.1, 0.9, 0, false});
  CHECK(state.squared_norm(std::vector<Tensor>{torch::full({2}, 3.0), {}}) == doctest::Approx(18));
  CHECK(state.squared_norm(std::vector<Tensor>{torch::full({2}, 3.0), torch::ones({3})}) == doctest::Approx(21));
  CHECK(state.squared_norm(std::vector<Tensor>{{}, {}}) == 0);
}

TEST_SUITE_END();
