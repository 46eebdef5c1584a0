// SPDX-License-Identifier: MIT
#include <afd/step/objective.hpp>
//
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/optim/adam.hpp>
#include <afd/optim/sgd.hpp>

#include "optim/reference.hpp"
#include "support/doctest.hpp"
#include "support/recorder.hpp"

TEST_SUITE_BEGIN("step");

using afd::detail::Objective;
using torch::Tensor;

namespace {

const std::vector<std::string> four_names{"a", "b", "c", "d"};

/// Takes and prepares these gradients, the mean over `samples`; undefined ones are of what the loss does not reach.
template <class Policy>
void take(Objective<Policy>& objective, const std::vector<Tensor>& gradients, std::int64_t samples = 1) {
  Tensor loss;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    const Tensor part = (objective.parameters()[i] * gradients[i]).sum();
    loss = loss.defined() ? loss + part : part;
  }
  objective.count_samples(samples);
  objective.take(loss, /*keep_graph=*/false);
  objective.prepare(/*looks_at_gradients=*/true);
}
template <class Policy>
void step(Objective<Policy>& objective, const std::vector<Tensor>& gradients, std::int64_t samples = 1) {
  take(objective, gradients, samples);
  objective.apply();
}

Tensor numbers(std::initializer_list<double> all) {
  return torch::tensor(std::vector<double>(all), torch::kDouble);
}

/// One that a plain descent moves by its gradient.
Tensor zeros(std::int64_t count) {
  return torch::zeros({count}, torch::dtype(torch::kDouble).requires_grad(true));
}
afd::Sgd descent(std::int64_t accumulate, double max_norm = 0) {
  return {.lr = 1, .momentum = 0, .weight_decay = 0, .max_norm = max_norm, .accumulate = accumulate};
}

double worst_difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, (a[i] - b[i]).abs().max().item<double>());
  return worst;
}
std::vector<Tensor> copies(const std::vector<Tensor>& all) {
  std::vector<Tensor> copied;
  for (const Tensor& each : all) copied.push_back(each.detach().clone());
  return copied;
}

}  // namespace

TEST_CASE("gradients of what the loss depends on, undefined for the rest, and .grad() left alone") {
  const Tensor a = torch::full({2}, 3.0, torch::requires_grad()), b = torch::ones({2}, torch::requires_grad());
  const Tensor loss = (a * a).sum();
  const std::vector<Tensor> first = afd::detail::gradients(loss, {a, b}, /*keep_graph=*/true);
  CHECK(torch::equal(first[0], torch::full({2}, 6.0)));
  CHECK_FALSE(first[1].defined());
  CHECK_FALSE(a.grad().defined());
  CHECK(afd::detail::gradients(loss, {}, /*keep_graph=*/true).empty());
  CHECK_FALSE(a.grad().defined());  // which autograd::grad without inputs would have filled
  CHECK_NOTHROW(afd::detail::gradients(loss, {a}, /*keep_graph=*/false));
  CHECK_THROWS(afd::detail::gradients(loss, {a}, /*keep_graph=*/false));
}

TEST_CASE("an objective takes, looks at, applies and lets go") {
  const Tensor a = torch::full({2}, 3.0, torch::requires_grad());
  const afd_test::Recorder recorder;
  Objective<afd_test::Recorder> objective("network 1, logit", recorder, {{a}, {"a"}});
  objective.apply();  // there is nothing to apply
  CHECK(recorder[0].steps == 0);
  objective.take((a * a).sum(), /*keep_graph=*/false);
  CHECK_NOTHROW(objective.prepare(true));
  objective.apply();
  CHECK(recorder[0].steps == 1);
  CHECK(torch::equal(recorder[0].gradients[0], torch::full({2}, 6.0)));
  objective.apply();
  CHECK(recorder[0].steps == 1);
  objective.take((a * a).sum(), false);
  objective.forget();
  objective.apply();
  CHECK(recorder[0].steps == 1);
  objective.scale_rate(0.25);
  CHECK(recorder[0].rate_factor == 0.25);
}

TEST_CASE("a loss that hangs on nothing is an error that names the objective") {
  const Tensor a = torch::ones({2}, torch::requires_grad());
  Objective<afd::Sgd> objective("network 1, logit", afd::Sgd{}, {{a}, {"a"}});
  CHECK_THROWS_WITH_AS(objective.take(torch::ones({}), false),
                       doctest::Contains("network 1, logit loss does not depend on its parameters"), afd::ConfigError);
}

TEST_CASE("gradients that are not finite are refused by name, if they are looked at") {
  const Tensor a = torch::zeros({2}, torch::requires_grad());
  Objective<afd::Sgd> objective("network 0, feature", afd::Sgd{}, {{a}, {"a"}});
  objective.take(a.sqrt().sum(), false);
  CHECK_THROWS_WITH_AS(objective.prepare(true), doctest::Contains("network 0, feature gradients: one of shape [2]"),
                       afd::NonFiniteError);
  CHECK_NOTHROW(objective.prepare(false));
  Objective<afd::Sgd> clips("network 0, feature", afd::Sgd{.max_norm = 1.0}, {{a}, {"a"}});
  clips.take(a.sqrt().sum(), false);
  CHECK_THROWS_WITH_AS(clips.prepare(false), doctest::Contains("network 0, feature gradients"), afd::NonFiniteError);
}

TEST_CASE("an objective notes which of its parameters losses reach, until it is told to stop") {
  const Tensor a = torch::ones({2}, torch::requires_grad()), b = torch::ones({2}, torch::requires_grad());
  Objective<afd::Sgd> objective("network 0, logit", afd::Sgd{}, {{a, b}, {"a", "b"}});
  objective.take(a.sum(), false);
  CHECK(objective.was_reached() == std::vector<bool>{true, false});
  objective.stop_noting();
  objective.take(b.sum(), false);
  CHECK(objective.was_reached() == std::vector<bool>{true, false});
}

TEST_CASE("a hook on a parameter sees its gradient, and may change it, in every version of LibTorch") {
  Tensor a = torch::full({2}, 3.0, torch::requires_grad());
  const Tensor b = torch::ones({2}, torch::requires_grad());
  int calls = 0;
  a.register_hook([&](const Tensor& gradient) {
    ++calls;
    return gradient * 10;
  });
  const std::vector<Tensor> all = afd::detail::gradients((a * b).sum(), {a, b}, /*keep_graph=*/false);
  CHECK(calls == 1);
  CHECK(torch::equal(all[0], torch::full({2}, 10.0)));
  CHECK(torch::equal(all[1], torch::full({2}, 3.0)));
}

TEST_CASE("gathered steps are one step with the mean of the gradients") {
  for (const bool dense : {true, false}) {
    CAPTURE(dense);
    const std::vector<Tensor> ours = optim_test::some_parameters(torch::kFloat64, dense),
                              theirs = optim_test::some_parameters(torch::kFloat64, dense);
    const std::vector<Tensor> start = copies(ours);
    Objective<afd::AdamW> objective("", {.lr = 0.1, .max_norm = 1.0, .accumulate = 3}, {ours, four_names});
    Objective<afd::AdamW> reference("", {.lr = 0.1, .max_norm = 1.0}, {theirs, four_names});
    for (int update = 0; update < 4; ++update) {
      std::vector<Tensor> means;
      for (const Tensor& parameter : theirs) means.push_back(torch::zeros_like(parameter).detach());
      const std::vector<Tensor> before = copies(ours);
      for (int part = 0; part < 3; ++part) {
        const std::vector<Tensor> gradients = optim_test::some_gradients(ours, 3 * update + part);
        for (std::size_t p = 0; p < means.size(); ++p)
          if (gradients[p].defined()) means[p] += gradients[p] / 3;
        CHECK(worst_difference(ours, before) == 0);  // until the last
        step(objective, gradients);
      }
      step(reference, means);
    }
    CHECK(worst_difference(ours, theirs) < 1e-12);
    CHECK(worst_difference(ours, start) > 0.1);
  }
}

TEST_CASE("means are over samples, and what is left is an update when it is asked for") {
  const Tensor w = zeros(2);
  Objective<afd::Sgd> objective("", descent(3), {{w}, {"w"}});
  step(objective, {numbers({1, 0})}, 8);
  step(objective, {numbers({1, 0})}, 8);
  step(objective, {numbers({4, 2})}, 4);
  CHECK(torch::allclose(w, numbers({-(8.0 + 8 + 16) / 20, -8.0 / 20}), 1e-14));
  CHECK_FALSE(objective.has_rest());
  step(objective, {numbers({2, 2})}, 8);
  step(objective, {numbers({0, 4})}, 2);
  CHECK(objective.has_rest());
  const Tensor before = w.detach().clone();
  objective.gather_rest();
  objective.prepare_rest();
  CHECK(torch::equal(w, before));
  objective.apply_rest();
  CHECK(torch::allclose(before - w, numbers({16.0 / 10, (16.0 + 8) / 10}), 1e-14));
  CHECK_FALSE(objective.has_rest());
  objective.gather_rest();  // nothing is left
  objective.prepare_rest();
  objective.apply_rest();
  for (const bool is_last : {false, false, true}) {  // and the next update is due after three steps again
    step(objective, {numbers({3, 3})}, 5);
    CHECK(objective.has_rest() != is_last);
  }
}

TEST_CASE("a step that was refused leaves nothing behind of what is gathered") {
  const Tensor w = zeros(1);
  Objective<afd::Sgd> objective("", descent(3), {{w}, {"w"}});
  step(objective, {numbers({1})});
  take(objective, {numbers({100})});  // another objective's gradients were not finite
  objective.forget();
  CHECK_THROWS_AS(take(objective, {numbers({INFINITY})}), afd::NonFiniteError);
  objective.forget();
  objective.gather_rest();
  objective.prepare_rest();
  objective.apply_rest();
  CHECK(w.item<double>() == -1.0);
}

TEST_CASE("what is left is clipped like any other update") {
  const Tensor w = zeros(2);
  Objective<afd::Sgd> objective("", descent(4, /*max_norm=*/1), {{w}, {"w"}});
  step(objective, {numbers({3, 4})});
  objective.gather_rest();
  objective.prepare_rest();
  objective.apply_rest();
  CHECK(w.norm().item<double>() == doctest::Approx(1.0).epsilon(1e-5));
}

TEST_CASE("gradients that are gathered are not written to") {
  const Tensor a = zeros(2), b = zeros(2);
  Objective<afd::Sgd> objective("", descent(3), {{a, b}, {"a", "b"}});
  for (int i = 0; i < 3; ++i) {
    objective.take((a + b).sum(), false);  // autograd may hand out one tensor for both
    objective.apply();
  }
  CHECK(torch::allclose(a, numbers({-1, -1})));
  CHECK(torch::allclose(b, numbers({-1, -1})));
}

TEST_CASE("an objective that was saved between two updates, or after one, goes on to the bit") {
  for (const std::int64_t accumulate : {4, 7}) {
    CAPTURE(accumulate);
    const afd::Sgd policy{.lr = 0.05, .accumulate = accumulate};
    const std::vector<Tensor> ours = optim_test::some_parameters(torch::kFloat32, true),
                              theirs = optim_test::some_parameters(torch::kFloat32, true);
    Objective<afd::Sgd> objective("", policy, {ours, four_names}), copy("", policy, {theirs, four_names});
    for (int i = 0; i < 7; ++i) step(objective, optim_test::some_gradients(ours, i), 2 + i);
    afd::StateDict saved;
    afd::SaveState save(saved);
    objective.visit_state(four_names, save);
    afd::LoadState load(saved);
    copy.visit_state(four_names, load);
    {
      const torch::NoGradGuard no_grad;
      for (std::size_t p = 0; p < ours.size(); ++p) theirs[p].copy_(ours[p]);
    }
    for (int i = 7; i < 15; ++i) {
      step(objective, optim_test::some_gradients(ours, i), 2 + i);
      step(copy, optim_test::some_gradients(theirs, i), 2 + i);
    }
    for (std::size_t p = 0; p < ours.size(); ++p) CHECK(ours[p].equal(theirs[p]));
  }
}

TEST_CASE("an objective of other parameters goes on with what was gathered for those that both have") {
  const Tensor a = zeros(2), b = zeros(1), c = zeros(1);
  Objective<afd::Sgd> two("", descent(2), {{a, b}, {"a", "b"}}), others("", descent(2), {{c, a}, {"c", "a"}});
  step(two, {numbers({1, 2}), numbers({3})});
  others.take_over(two);
  CHECK(others.has_rest());
  step(others, {numbers({5}), numbers({3, 4})});
  CHECK(torch::allclose(a, numbers({-2, -3})));
  CHECK(torch::allclose(c, numbers({-2.5})));
  CHECK(b.item<double>() == 0);
}

TEST_CASE("a probe on the way to an update that is not due yet only looks at the gradients") {
  const Tensor w = zeros(2);
  Objective<afd::Sgd> objective("", descent(2, /*max_norm=*/1), {{w}, {"w"}});
  objective.take((w * numbers({3, 4})).sum(), false);
  CHECK(objective.probe(/*looks_at_gradients=*/true).item<double>() == doctest::Approx(5));
  objective.prepare_probed();
  objective.apply();
  CHECK(torch::equal(w, numbers({0, 0})));
  objective.take((w * numbers({3, 4})).sum(), false);
  CHECK(std::isfinite(objective.probe(true).item<double>()));
  objective.prepare_probed();
  objective.apply();
  CHECK(w.norm().item<double>() == doctest::Approx(1.0).epsilon(1e-5));
}

TEST_CASE("a policy of the user's may ask for gradients of several steps; not for those of none") {
  struct Mine : afd::Sgd {
    std::int64_t steps = 2;
    [[nodiscard]] std::int64_t steps_per_update() const { return steps; }
  };
  const Tensor w = zeros(1);
  Objective<Mine> objective("", Mine{descent(1)}, {{w}, {"w"}});
  step(objective, {numbers({1})});
  CHECK(w.item<double>() == 0);
  step(objective, {numbers({2})});
  CHECK(w.item<double>() == -1.5);
  CHECK_THROWS_WITH_AS((Objective<Mine>("network 0, logit", Mine{descent(1), 0}, {{w}, {"w"}})),
                       doctest::Contains("network 0, logit: an optimizer's steps_per_update must be at least 1"),
                       afd::ConfigError);
}

TEST_CASE("without parameters there is no optimizer, and nothing is taken") {
  const Tensor a = torch::ones({2}, torch::requires_grad());
  const afd_test::Recorder recorder;
  Objective<afd_test::Recorder> objective("adversarial_0_to_1_discriminator", recorder, {});
  CHECK_FALSE(objective.has_optimizer());
  CHECK(recorder.log->empty());
  objective.take(a.sum(), false);
  objective.prepare(true);
  objective.apply();
  objective.scale_rate(2);
  CHECK_FALSE(a.grad().defined());
}

TEST_SUITE_END();
