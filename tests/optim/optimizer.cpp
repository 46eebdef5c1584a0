// SPDX-License-Identifier: MIT
#include <afd/optim/optimizer.hpp>
//
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/optim.h>

#include "support/doctest.hpp"
#include "support/recorder.hpp"

TEST_SUITE_BEGIN("optim");

using RmsProp = afd::TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>;
using AdamW = afd::TorchOptimizer<torch::optim::AdamW, torch::optim::AdamWOptions>;

namespace {

struct NoRate {
  struct State {
    void apply(std::span<const torch::Tensor>) {}
  };
  State make(std::vector<torch::Tensor>) const { return {}; }
};
struct NotCopyable : afd_test::Recorder {
  std::unique_ptr<int> state;
};

}  // namespace

static_assert(afd::Optimizer<RmsProp> && afd::Optimizer<AdamW> && afd::Optimizer<afd_test::Recorder>);
static_assert(!afd::Optimizer<NoRate> && afd::OptimizerApplies<NoRate> && !afd::Optimizer<NotCopyable>);
static_assert(!afd::Optimizer<torch::optim::SGD> && !afd::Optimizer<int>);

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

TEST_CASE("the state can be moved") {
  torch::Tensor parameter = torch::zeros({1}, torch::requires_grad());
  auto state = RmsProp{torch::optim::RMSpropOptions(0.5)}.make({parameter});
  auto moved = std::move(state);
  const std::array<torch::Tensor, 1> gradient{torch::ones({1})};
  moved.apply(gradient);
  CHECK(parameter.item<float>() < 0);
}

TEST_SUITE_END();
