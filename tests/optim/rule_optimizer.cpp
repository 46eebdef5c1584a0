// SPDX-License-Identifier: MIT
#include <afd/optim/rule_optimizer.hpp>
//
#include <cmath>
#include <limits>
#include <vector>

#include <torch/nn/utils/clip_grad.h>

#include <afd/optim/adam.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/optim/sgd.hpp>

#include "optim/reference.hpp"
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using optim_test::some_gradients;
using optim_test::some_parameters;
using torch::Tensor;

namespace {

double worst_difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, (a[i] - b[i]).abs().max().item<double>());
  return worst;
}

}  // namespace

TEST_CASE("a saved optimizer goes on to the bit") {
  for (const bool dense : {true, false}) {
    CAPTURE(dense);
    optim_test::check_resume(afd::Sgd{.lr = 0.05, .nesterov = true}, dense);
    optim_test::check_resume(afd::Adam{.lr = 0.01}, dense);
    optim_test::check_resume(afd::AdamW{.lr = 0.01}, dense);
    optim_test::check_resume(afd::Adam{.lr = 0.01, .max_norm = 0.5}, dense);
  }
  optim_test::check_resume(afd::Adam{.lr = 0.01}, true, /*other_order=*/true);
}

TEST_CASE("a state whose shapes differ is refused before anything changes") {
  std::vector<Tensor> ours = some_parameters(torch::kFloat32, true);
  auto state = afd::Adam{}.make(ours);
  afd::StateDict saved;
  afd::SaveState save(saved);
  const std::vector<std::string> names{"a", "b", "c", "d"};
  state.visit_state(names, save);
  std::vector<Tensor> others = ours;
  others[2] = torch::zeros({2}).requires_grad_();
  auto other = afd::Adam{}.make(others);
  afd::CheckState check(saved);
  CHECK_THROWS_WITH_AS(other.visit_state(names, check), doctest::Contains("mean/c is Float [] in the file"),
                       afd::FormatError);
}

TEST_CASE("clipping is LibTorch's clip_grad_norm_, fused or not") {
  for (const bool dense : {true, false}) {
    CAPTURE(dense);
    std::vector<Tensor> ours = some_parameters(torch::kFloat64, dense),
                        theirs = some_parameters(torch::kFloat64, dense);
    auto state = afd::Sgd{.lr = 0.1, .max_norm = 2.5}.make(ours);
    auto reference = afd::Sgd{.lr = 0.1}.make(theirs);
    for (int i = 0; i < 10; ++i) {
      std::vector<Tensor> gradients = some_gradients(ours, i);
      if (i == 7)  // short enough already
        for (Tensor& gradient : gradients)
          if (gradient.defined()) gradient.mul_(1e-3);
      state.apply(gradients);
      for (std::size_t p = 0; p < theirs.size(); ++p) theirs[p].mutable_grad() = gradients[p];
      torch::nn::utils::clip_grad_norm_(theirs, 2.5);
      std::vector<Tensor> clipped;
      for (Tensor& parameter : theirs) {
        clipped.push_back(parameter.grad());
        parameter.mutable_grad().reset();
      }
      reference.apply(clipped);
    }
    CHECK(worst_difference(ours, theirs) < 1e-12);
  }
}

TEST_CASE("a norm that is not finite changes nothing and is told by prepare") {
  static_assert(afd::OptimizerPrepares<afd::OptimizerState<afd::Sgd>>);
  Tensor w = torch::ones({2}, torch::requires_grad());
  auto state = afd::Sgd{.lr = 1, .momentum = 0, .weight_decay = 0, .max_norm = 1}.make({w});
  const std::vector<Tensor> good{torch::full({2}, 0.25)};
  const std::vector<Tensor> bad{torch::full({2}, std::numeric_limits<double>::infinity(), torch::kFloat)};
  CHECK_THROWS_AS(state.prepare(bad), afd::NonFiniteError);
  CHECK(torch::equal(w, torch::ones({2})));
  state.prepare(good);
  CHECK(torch::equal(w, torch::ones({2})));
  state.apply(good);
  CHECK(torch::allclose(w, torch::full({2}, 0.75)));
}

TEST_CASE("the rate of the next steps can be scaled, fused or not") {
  const afd::Sgd sgd{.lr = 0.5, .momentum = 0, .weight_decay = 0};
  Tensor fused = torch::zeros({4}, torch::requires_grad());
  Tensor strided = torch::zeros({8}).slice(0, 0, 8, 2).detach().requires_grad_();
  for (Tensor* w : {&fused, &strided}) {
    auto state = sgd.make({*w});
    CHECK(state.is_fused() == (w == &fused));
    state.apply(std::vector<Tensor>{torch::ones({4})});
    state.scale_rate(0.1);
    state.apply(std::vector<Tensor>{torch::ones({4})});
    CHECK(torch::allclose(*w, torch::full({4}, -0.55)));
  }
}

TEST_CASE("options that cannot work are refused") {
  const auto parameters = [] { return std::vector<Tensor>{torch::zeros({1}, torch::requires_grad())}; };
  CHECK_THROWS_AS(static_cast<void>(afd::Sgd{.max_norm = -1}.make(parameters())), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(afd::Adam{.accumulate = 0}.make(parameters())), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(afd::AdamW{.accumulate = -1}.make(parameters())), afd::ConfigError);
}

TEST_CASE("probe() is prepare() without a look: the same updates, and the norm for who wants to see it") {
  for (const bool dense : {true, false}) {
    std::vector<Tensor> a = some_parameters(torch::kFloat64, dense), b = some_parameters(torch::kFloat64, dense);
    const afd::Adam policy{.lr = 0.01, .max_norm = 0.3};
    auto looks = policy.make(a), probes = policy.make(b);
    int norms = 0;
    for (int step = 0; step < 6; ++step) {
      const std::vector<Tensor> gradients = some_gradients(a, step);
      looks.prepare(gradients);
      looks.apply(gradients);
      norms += probes.probe(gradients).defined() ? 1 : 0;
      probes.apply(gradients);
    }
    CHECK(norms == (dense ? 0 : 6));  // on the CPU a look costs nothing
    CHECK(worst_difference(a, b) < 1e-12);
  }
  Tensor w = torch::ones({4, 2}).slice(1, 0, 1).requires_grad_();
  auto state = afd::Sgd{.max_norm = 1}.make({w});
  REQUIRE_FALSE(state.is_fused());
  CHECK_FALSE(std::isfinite(state.probe(std::vector<Tensor>{torch::full_like(w, INFINITY)}).item<double>()));
  CHECK_THROWS_AS(state.prepare(std::vector<Tensor>{torch::full_like(w, INFINITY)}), afd::NonFiniteError);
  CHECK_FALSE(afd::Sgd{}.make({w}).probe(std::vector<Tensor>{torch::full_like(w, INFINITY)}).defined());
}

TEST_SUITE_END();
