// SPDX-License-Identifier: MIT
#include <afd/optim/fused_state.hpp>
//
#include <vector>

#include <afd/optim/adam.hpp>
#include <afd/optim/sgd.hpp>

#include "optim/reference.hpp"
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using torch::Tensor;

TEST_CASE("100 fused steps are those of LibTorch's optimizers") {
  optim_test::check_all(/*dense=*/true);
}

TEST_CASE("any number of threads gives the same bits") {
  const auto run = [](int threads) {
    torch::set_num_threads(threads);
    std::vector<Tensor> parameters{torch::ones({300, 500}, torch::requires_grad())};
    auto state = afd::Adam{.lr = 0.1}.make(parameters);
    for (int i = 0; i < 3; ++i) state.apply(optim_test::some_gradients(parameters, 3 * i));
    return parameters[0].detach().clone();
  };
  const Tensor one = run(1), two = run(2);
  torch::set_num_threads(1);
  CHECK(torch::equal(one, two));
}

TEST_CASE("autograd notices the update of a parameter that a graph still needs") {
  Tensor w = torch::ones({3}, torch::requires_grad());
  auto state = afd::Sgd{}.make({w});
  const Tensor loss = (w * w).sum();
  state.apply(std::vector<Tensor>{torch::ones({3})});
  CHECK_THROWS_AS(loss.backward(), c10::Error);
}

TEST_CASE("what can be fused") {
  const Tensor plain = torch::zeros({3}), twice = torch::zeros({3}, torch::kFloat64);
  CHECK(afd::detail::can_fuse({plain}));
  CHECK_FALSE(afd::detail::can_fuse({plain, twice}));
  CHECK_FALSE(afd::detail::can_fuse({torch::zeros({3}, torch::kHalf)}));
  CHECK_FALSE(afd::detail::can_fuse({torch::zeros({6}).slice(0, 0, 6, 2)}));
}

TEST_CASE("the sum of squares is over what is there, in any memory order and dtype") {
  const std::vector<Tensor> parameters{torch::zeros({5000}), torch::zeros({2, 3, 4, 5}), torch::zeros({3})};
  const afd::detail::FusedState<afd::detail::SgdRule> state(parameters, afd::detail::SgdRule{0.1, 0.9, 0, false});
  const Tensor a = torch::randn({5000}), b = torch::randn({2, 3, 4, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
  const double expected = (a.to(torch::kDouble).square().sum() + b.to(torch::kDouble).square().sum()).item<double>();
  CHECK(state.squared_norm(std::vector<Tensor>{a, b, {}}) == doctest::Approx(expected).epsilon(1e-6));
  const Tensor strided = torch::ones({6}, torch::kDouble).slice(0, 0, 6, 2);
  CHECK(state.squared_norm(std::vector<Tensor>{{}, {}, strided}) == 3);
}

TEST_SUITE_END();
