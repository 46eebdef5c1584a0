// SPDX-License-Identifier: MIT
#include <afd/optim/torch_optimizer.hpp>
//
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/optim.h>

#include <afd/optim/optimizer.hpp>
#include <afd/state/state_dict.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using RmsProp = afd::TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>;
using AdamW = afd::TorchOptimizer<torch::optim::AdamW, torch::optim::AdamWOptions>;

namespace {

/// The last parameter at ten times the rate of the others.
struct TwoRatesOptimizer : torch::optim::SGD {
  TwoRatesOptimizer(const std::vector<torch::Tensor>& parameters, const torch::optim::SGDOptions& options)
      : SGD(std::vector<torch::Tensor>(parameters.begin(), parameters.end() - 1), options) {
    torch::optim::SGDOptions fast = options;
    fast.lr(10 * options.lr());
    add_param_group(
        torch::optim::OptimizerParamGroup({parameters.back()}, std::make_unique<torch::optim::SGDOptions>(fast)));
  }
};
using TwoRates = afd::TorchOptimizer<TwoRatesOptimizer, torch::optim::SGDOptions>;

}  // namespace

static_assert(afd::Optimizer<RmsProp> && afd::Optimizer<AdamW> && !afd::Optimizer<torch::optim::SGD>);

TEST_CASE("a LibTorch optimizer behind the concept does what it does by itself") {
  torch::manual_seed(0);
  torch::Tensor ours = torch::randn({4}, torch::requires_grad());
  torch::Tensor theirs = ours.detach().clone().requires_grad_(true);
  auto state = RmsProp{torch::optim::RMSpropOptions(0.01)}.make({ours});
  torch::optim::RMSprop reference({theirs}, torch::optim::RMSpropOptions(0.01));
  for (int i = 0; i < 5; ++i) {
    const std::array<torch::Tensor, 1> gradient{torch::randn({4})};
    state.apply(gradient);
    theirs.mutable_grad() = gradient[0];
    reference.step();
    CHECK_FALSE(ours.grad().defined());
  }
  CHECK(torch::equal(ours, theirs));
}

TEST_CASE("an undefined gradient leaves its parameter alone, momentum and weight decay included") {
  torch::Tensor used = torch::ones({2}, torch::requires_grad()), unused = torch::ones({2}, torch::requires_grad());
  auto state = AdamW{torch::optim::AdamWOptions(0.1).weight_decay(0.5)}.make({used, unused});
  const std::array<torch::Tensor, 2> both{torch::ones({2}), torch::ones({2})};
  const std::array<torch::Tensor, 2> one{torch::ones({2}), torch::Tensor()};
  state.apply(both);
  const torch::Tensor used_before = used.detach().clone(), unused_before = unused.detach().clone();
  state.apply(one);
  CHECK(torch::equal(unused, unused_before));
  CHECK_FALSE(torch::equal(used, used_before));
}

TEST_CASE("the rate is scaled from the policy's, not from the last one") {
  torch::Tensor parameter = torch::zeros({1}, torch::requires_grad());
  auto state = RmsProp{torch::optim::RMSpropOptions(0.5)}.make({parameter});
  state.scale_rate(0.1);
  state.scale_rate(0.1);
  CHECK(state.optimizer().param_groups()[0].options().get_lr() == doctest::Approx(0.05));
}

TEST_CASE("a LibTorch optimizer tells its options by name") {
  std::map<std::string, std::string> told;
  const auto add = [&](const std::string& name, const std::string& value) { told[name] = value; };
  RmsProp{torch::optim::RMSpropOptions(0.5).momentum(0.9).centered(true)}.describe(add);
  CHECK(told.at("lr") == "0.5");
  CHECK(told.at("momentum") == "0.9");
  CHECK(told.at("centered") == "true");
  told.clear();
  AdamW{torch::optim::AdamWOptions(0.1).betas({0.8, 0.99})}.describe(add);
  CHECK(told.at("betas") == "0.8, 0.99");
}

TEST_CASE("a saved LibTorch optimizer goes on to the bit, with its rate; another's state is refused") {
  const auto run = [](auto& state, torch::Tensor& parameter, int from, int to) {
    for (int i = from; i < to; ++i) {
      torch::manual_seed(static_cast<std::uint64_t>(i));
      state.apply(std::array<torch::Tensor, 1>{torch::randn({5})});
    }
    return parameter.detach().clone();
  };
  torch::Tensor ours = torch::ones({5}, torch::requires_grad());
  const RmsProp policy{torch::optim::RMSpropOptions(0.5).momentum(0.9).centered(true)};
  auto state = policy.make({ours});
  state.scale_rate(0.1);
  const torch::Tensor middle = run(state, ours, 0, 6);
  const std::vector<std::string> names{"weights"};
  afd::StateDict saved;
  afd::SaveState save(saved);
  state.visit_state(names, save);

  torch::Tensor theirs = middle.clone().requires_grad_();
  auto copy = policy.make({theirs});
  copy.scale_rate(0.1);
  afd::CheckState check(saved);
  copy.visit_state(names, check);
  afd::LoadState load(saved);
  copy.visit_state(names, load);
  CHECK(copy.optimizer().param_groups()[0].options().get_lr() == doctest::Approx(0.05));
  CHECK(run(copy, theirs, 6, 12).equal(run(state, ours, 6, 12)));

  const std::vector<std::string> others{"bias"};
  CHECK_THROWS_WITH_AS(copy.visit_state(others, check), doctest::Contains("of other parameters"), afd::FormatError);
  afd::StateDict damaged;
  damaged.set("libtorch", std::string("weights\n\nno archive"));
  afd::CheckState check_damaged(damaged);
  CHECK_THROWS_WITH_AS(copy.visit_state(names, check_damaged), doctest::Contains("cannot be read"), afd::FormatError);
}

TEST_CASE("groups of different rates keep their proportions") {
  torch::Tensor slow = torch::zeros({1}, torch::requires_grad()), fast = torch::zeros({1}, torch::requires_grad());
  auto state = TwoRates{torch::optim::SGDOptions(0.5)}.make({slow, fast});
  CHECK(state.rate() == 0.5);
  const std::vector<torch::Tensor> gradients{torch::ones({1}), torch::ones({1})};
  state.apply(gradients);
  CHECK(slow.item<float>() == -0.5F);
  CHECK(fast.item<float>() == -5.0F);
  state.scale_rate(0.5);
  state.apply(gradients);
  CHECK(slow.item<float>() == -0.75F);
  CHECK(fast.item<float>() == -7.5F);
}

TEST_CASE("an optimizer of LibTorch's goes on with what another knows of the parameters that both have") {
  torch::Tensor kept = torch::zeros({1}, torch::requires_grad()), left = torch::zeros({1}, torch::requires_grad()),
                come = torch::zeros({1}, torch::requires_grad());
  const afd::TorchOptimizer<torch::optim::SGD, torch::optim::SGDOptions> policy{
      torch::optim::SGDOptions(1.0).momentum(0.5)};
  auto old = policy.make({left, kept});
  const torch::Tensor one = torch::ones({1});
  old.apply(std::vector<torch::Tensor>{one, one});
  old.scale_rate(0.5);
  auto next = policy.make({kept, come});
  next.take_over(old);
  next.apply(std::vector<torch::Tensor>{one, one});
  CHECK(kept.item<float>() == -1.0F - 0.5F * 1.5F);  // with its momentum, at the rate of now
  CHECK(come.item<float>() == -0.5F);
}

TEST_CASE("the state can be moved") {
  torch::Tensor parameter = torch::zeros({1}, torch::requires_grad());
  auto state = RmsProp{torch::optim::RMSpropOptions(0.5)}.make({parameter});
  auto moved = std::move(state);
  const std::array<torch::Tensor, 1> gradient{torch::ones({1})};
  moved.apply(gradient);
  CHECK(parameter.item<float>() < 0);
}

TEST_SUITE_END();
