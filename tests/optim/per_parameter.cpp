// SPDX-License-Identifier: MIT
#include <afd/optim/per_parameter.hpp>
//
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <torch/optim.h>

#include "optim/reference.hpp"
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using afd::ParameterKind;
using afd::PerParameter;
using torch::Tensor;

namespace {

const std::vector<std::string> names{"backbone.weight", "backbone.bias", "head.scale", "head.conv.weight"};

/// 100 steps of `policy` and of LibTorch's optimizer with a group for each parameter.
template <class Reference, class Policy, class Options>
double difference(const Policy& policy, const std::vector<Options>& options, torch::Dtype dtype, bool dense) {
  std::vector<Tensor> ours = optim_test::some_parameters(dtype, dense),
                      theirs = optim_test::some_parameters(dtype, dense);
  auto state = policy.make(ours, names);
  CHECK(state.is_fused() == dense);
  std::vector<torch::optim::OptimizerParamGroup> groups;
  for (std::size_t p = 0; p < theirs.size(); ++p) {
    groups.emplace_back(std::vector<Tensor>{theirs[p]}, std::make_unique<Options>(options[p]));
  }
  // LibTorch 2.14 takes what a group has of the class's own defaults for not set, and gives it the optimizer's.
  Options defaults = options[0];
  defaults.weight_decay(Options(1).weight_decay());
  Reference reference(groups, defaults);
  for (int i = 0; i < 100; ++i) {
    const std::vector<Tensor> gradients = optim_test::some_gradients(ours, i);
    state.apply(gradients);
    for (std::size_t p = 0; p < theirs.size(); ++p) theirs[p].mutable_grad() = gradients[p];
    reference.step();
  }
  double worst = 0;
  for (std::size_t p = 0; p < ours.size(); ++p) {
    worst = std::max(worst, ((ours[p] - theirs[p]).norm() / theirs[p].norm()).template item<double>());
  }
  return worst;
}

}  // namespace

TEST_CASE("100 steps by rules are those of LibTorch's optimizers with groups") {
  using namespace torch::optim;
  const std::vector<afd::ParameterRule> rules{{.names = "backbone.*", .rate = 0.1},
                                              {.kind = ParameterKind::vectors, .weight_decay = 0.0}};
  for (const bool dense : {true, false}) {
    for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
      const double allowed = dtype == torch::kFloat32 ? 2e-6 : 1e-13;
      const auto sgd = [](double lr, double decay) { return SGDOptions(lr).momentum(0.9).weight_decay(decay); };
      CHECK(difference<SGD>(PerParameter{afd::Sgd{.lr = 0.05, .weight_decay = 0.01}, rules},
                            std::vector{sgd(0.005, 0.01), sgd(0.005, 0), sgd(0.05, 0), sgd(0.05, 0.01)}, dtype,
                            dense) < allowed);
      const auto adamw = [](double lr, double decay) { return AdamWOptions(lr).weight_decay(decay); };
      CHECK(difference<AdamW>(PerParameter{afd::AdamW{.lr = 0.01, .weight_decay = 0.1}, rules},
                              std::vector{adamw(0.001, 0.1), adamw(0.001, 0), adamw(0.01, 0), adamw(0.01, 0.1)}, dtype,
                              dense) < allowed);
    }
  }
}

TEST_CASE("rates multiply, the last decay counts, and scaled rates keep their proportions") {
  const afd::Sgd plain{.lr = 1, .momentum = 0, .weight_decay = 0};
  std::vector<Tensor> w{torch::ones({1, 1}, torch::requires_grad()), torch::ones({1}, torch::requires_grad())};
  auto state = PerParameter{plain,
                            {{.names = "*", .rate = 0.5},
                             {.names = "a.*", .rate = 0.5, .weight_decay = 9.0},
                             {.kind = ParameterKind::kernels, .weight_decay = 0.5}}}
                   .make(w, std::vector<std::string>{"a.weight", "b.bias"});
  state.apply(std::vector<Tensor>{torch::zeros({1, 1}), torch::ones({1})});
  CHECK(w[0].item<float>() == doctest::Approx(1 - 0.25 * 0.5));
  CHECK(w[1].item<float>() == doctest::Approx(1 - 0.5));
  state.scale_rate(0.1);
  CHECK(state.rate() == doctest::Approx(0.1));
  state.apply(std::vector<Tensor>{torch::zeros({1, 1}), torch::ones({1})});
  CHECK(w[1].item<float>() == doctest::Approx(0.5 - 0.05));
}

TEST_CASE("a rule that is about no parameter is refused, unless it may be") {
  const std::vector<Tensor> w{torch::ones({2, 2}, torch::requires_grad())};
  const std::vector<std::string> name{"conv.weight"};
  const auto make = [&](const afd::ParameterRule& rule) {
    static_cast<void>(PerParameter{afd::Sgd{}, {rule}}.make(w, name));
  };
  CHECK_THROWS_WITH_AS(
      make({.names = "backbone.*"}),
      doctest::Contains("no parameter is one of the rule for \"backbone.*\"; the first is called conv.weight"),
      afd::ConfigError);
  CHECK_THROWS_AS(make({.kind = ParameterKind::vectors, .weight_decay = 0.0}), afd::ConfigError);
  CHECK_NOTHROW(make({.names = "backbone.*", .may_be_about_none = true}));
  CHECK_THROWS_WITH_AS(make({.rate = 0}), doctest::Contains("requires_grad_(false)"), afd::ConfigError);
  CHECK_THROWS_AS(make({.weight_decay = -1.0}), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(PerParameter{afd::Sgd{.lr = 0}}.make(w, name)), afd::ConfigError);
}

TEST_CASE("an optimizer goes on with what another knows of the parameters that both have") {
  for (const bool dense : {true, false}) {
    std::vector<Tensor> w = optim_test::some_parameters(torch::kFloat64, dense);
    const PerParameter policy{afd::Adam{.lr = 0.01, .accumulate = 2}, {{.names = "backbone.*", .rate = 0.5}}};
    CHECK(policy.steps_per_update() == 2);
    auto all = policy.make(w, names);
    all.scale_rate(0.5);
    for (int i = 0; i < 5; ++i) all.apply(optim_test::some_gradients(w, i));
    auto three = policy.make({w[3], w[0], w[2]}, std::vector<std::string>{names[3], names[0], names[2]});
    three.take_over(all);
    CHECK(three.rate() == 0.005);
    const torch::NoGradGuard no_grad;
    std::vector<Tensor> before, moved;
    for (const Tensor& each : w) before.push_back(each.clone());
    const std::vector<Tensor> gradients = optim_test::some_gradients(w, 5);
    three.apply(std::vector<Tensor>{gradients[3], gradients[0], gradients[2]});
    for (std::size_t p = 0; p < w.size(); ++p) {
      moved.push_back(w[p].clone());
      w[p].copy_(before[p]);
    }
    all.apply(gradients);
    CHECK(torch::equal(moved[1], before[1]));
    for (const std::size_t p : {0U, 2U, 3U}) {
      // Without the strided one the three can be fused, and are rounded in another order.
      CHECK((dense ? torch::equal(moved[p], w[p]) : torch::allclose(moved[p], w[p], 1e-12, 1e-14)));
      CHECK_FALSE(torch::equal(moved[p], before[p]));
    }
  }
}

TEST_SUITE_END();
