// SPDX-License-Identifier: MIT
#include <afd/step/objective.hpp>
//
#include <limits>
#include <vector>

#include <afd/optim/sgd.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"

TEST_SUITE_BEGIN("step");

using afd::detail::Objective;
using torch::Tensor;

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
