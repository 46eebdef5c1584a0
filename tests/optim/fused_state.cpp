// SPDX-License-Identifier: MIT
#include <afd/optim/fused_state.hpp>
//
#include <functional>
#include <vector>

#include <torch/optim.h>

#include <afd/optim/adam.hpp>
#include <afd/optim/sgd.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using torch::Tensor;

namespace {

/// Parameters of the kinds that networks have: larger than a piece, smaller, a scalar, and one in channels_last.
std::vector<Tensor> some_parameters(torch::Dtype dtype) {
  torch::manual_seed(3);
  const auto options = torch::TensorOptions(dtype);
  std::vector<Tensor> parameters{torch::randn({70, 100}, options), torch::randn({3}, options),
                                 torch::randn({}, options),
                                 torch::randn({4, 3, 5, 5}, options).contiguous(torch::MemoryFormat::ChannelsLast)};
  for (Tensor& parameter : parameters) parameter.requires_grad_();
  return parameters;
}

/// Gradients of step `i`: the second is missing now and then, the fourth is in another memory order than its parameter.
std::vector<Tensor> some_gradients(const std::vector<Tensor>& parameters, int i) {
  torch::manual_seed(static_cast<std::uint64_t>(100 + i));
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : parameters) gradients.push_back(torch::randn(parameter.sizes(), parameter.dtype()));
  if (i % 3 == 1) gradients[1].reset();
  return gradients;
}

/// The largest relative difference of parameters after 100 steps, the rate changed on the way.
template <class Policy, class Reference, class Options>
double difference(const Policy& policy, const Options& options, torch::Dtype dtype) {
  std::vector<Tensor> ours = some_parameters(dtype), theirs = some_parameters(dtype);
  auto state = policy.make(ours);
  REQUIRE(state.is_fused());
  afd::TorchOptimizerState<Reference> reference(theirs, options);
  for (int i = 0; i < 100; ++i) {
    if (i == 60) {
      state.scale_rate(0.1);
      reference.scale_rate(0.1);
    }
    state.apply(some_gradients(ours, i));
    reference.apply(some_gradients(theirs, i));
  }
  double worst = 0;
  for (std::size_t p = 0; p < ours.size(); ++p) {
    worst = std::max(worst, ((ours[p] - theirs[p]).norm() / theirs[p].norm()).template item<double>());
    CHECK((ours[p] - some_parameters(dtype)[p]).abs().max().template item<double>() > 1e-3);
  }
  return worst;
}

}  // namespace

TEST_CASE("100 fused steps are those of LibTorch's optimizers") {
  using namespace torch::optim;
  for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
    const double allowed = dtype == torch::kFloat32 ? 1e-6 : 1e-13;
    for (const bool nesterov : {false, true}) {
      CHECK(difference<afd::Sgd, SGD>({.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = nesterov},
                                      SGDOptions(0.05).momentum(0.9).weight_decay(0.01).nesterov(nesterov),
                                      dtype) < allowed);
    }
    CHECK(difference<afd::Sgd, SGD>({.lr = 0.05, .momentum = 0, .weight_decay = 0}, SGDOptions(0.05), dtype) < allowed);
    CHECK(difference<afd::Adam, Adam>({.lr = 0.01, .weight_decay = 0.1}, AdamOptions(0.01).weight_decay(0.1), dtype) <
          allowed);
    CHECK(difference<afd::AdamW, AdamW>({.lr = 0.01, .weight_decay = 0.1}, AdamWOptions(0.01).weight_decay(0.1),
                                        dtype) < allowed);
  }
}

TEST_CASE("any number of threads gives the same bits") {
  const auto run = [](int threads) {
    torch::set_num_threads(threads);
    std::vector<Tensor> parameters{torch::ones({300, 500}, torch::requires_grad())};
    auto state = afd::Adam{.lr = 0.1}.make(parameters);
    for (int i = 0; i < 3; ++i) state.apply(some_gradients(parameters, 3 * i));
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

TEST_CASE("what cannot be fused is left to LibTorch") {
  const Tensor plain = torch::zeros({3}), twice = torch::zeros({3}, torch::kFloat64);
  CHECK(afd::detail::can_fuse({plain}));
  CHECK_FALSE(afd::detail::can_fuse({plain, twice}));
  CHECK_FALSE(afd::detail::can_fuse({torch::zeros({3}, torch::kHalf)}));
  CHECK_FALSE(afd::detail::can_fuse({torch::zeros({6}).slice(0, 0, 6, 2)}));
}

TEST_SUITE_END();
