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
  const afd::detail::ForeachState<afd::detail::SgdRule> state(parameters, afd::detail::SgdRule{0.1, 0.9, 0, false});
  CHECK(state.squared_norm(std::vector<Tensor>{torch::full({2}, 3.0), {}}) == doctest::Approx(18));
  CHECK(state.squared_norm(std::vector<Tensor>{torch::full({2}, 3.0), torch::ones({3})}) == doctest::Approx(21));
  CHECK(state.squared_norm(std::vector<Tensor>{{}, {}}) == 0);
}

TEST_CASE("a gradient in another layout is brought into the kernel's") {
  const torch::Tensor start = torch::randn({4, 3, 3, 3}), gradient = torch::randn({4, 3, 3, 3});
  const auto updated = [&](const Tensor& given, const Tensor& kernel) {
    afd::detail::ForeachState<afd::detail::SgdRule> state({kernel}, afd::detail::SgdRule{0.1, 0.9, 0.01, false});
    state.apply(std::vector<Tensor>{given}, 1.0);
    state.apply(std::vector<Tensor>{given}, 0.5);
    return kernel;
  };
  const auto last = torch::MemoryFormat::ChannelsLast;
  const Tensor wanted = updated(gradient, start.clone());
  CHECK(torch::equal(updated(gradient.contiguous(last), start.clone()), wanted));
  const Tensor kernel = start.contiguous(last);
  CHECK(torch::equal(updated(gradient, kernel), wanted));
  CHECK(kernel.is_contiguous(last));
  // Of one place: the elements lie in the same order, only the strides say otherwise.
  const Tensor one = torch::randn({4, 3, 1, 1}), g = torch::randn({4, 3, 1, 1});
  const auto laid = [&](const Tensor& tensor) {
    return torch::empty({4, 3, 1, 1}, torch::TensorOptions().memory_format(last)).copy_(tensor);
  };
  CHECK(laid(g).strides() != g.strides());
  CHECK(torch::equal(updated(laid(g), one.clone()), updated(g, one.clone())));
  CHECK(torch::equal(updated(g, laid(one)), updated(g, one.clone())));
}

TEST_CASE("the scale may be a tensor, which is not read") {
  const torch::Tensor w = torch::randn({5}), g = torch::randn({5});
  const auto updated = [&](const auto& scale) {
    Tensor weights = w.clone();
    afd::detail::ForeachState<afd::detail::SgdRule> state({weights}, afd::detail::SgdRule{0.1, 0.9, 0.01, false});
    state.apply(std::vector<Tensor>{g}, scale);
    return weights;
  };
  CHECK(torch::equal(updated(0.25), updated(torch::full({}, 0.25, torch::kDouble))));
}

TEST_SUITE_END();
