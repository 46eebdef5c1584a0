// SPDX-License-Identifier: MIT
#include <afd/step/learning_rates.hpp>
//
#include <cmath>
#include <vector>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

TEST_CASE("rates are those of the next step, and NaN where there are none") {
  afd_test::Probe teacher, student;
  afd::Distiller distiller{
      afd::topology::OneWay{}, afd::AdversarialFeatureDistillation{},
      afd::DistillerOptions{
          .logit = afd::Sgd{.lr = 0.5}, .feature = afd::Adam{.lr = 0.25}, .discriminator = afd::AdamW{.lr = 0.125}},
      afd::frozen(teacher), student};
  CHECK(std::isnan(distiller.rates().logit[1]));
  distiller.build(afd_test::tiny_batch());
  distiller.scale_rates({.logit = 0.5});
  distiller.schedule_rates({afd::RateFactors{}, afd::RateFactors{.logit = 0.5, .feature = 2}});
  const auto rates = distiller.rates();
  CHECK(rates.logit[1] == 0.125);
  CHECK(rates.feature[1] == 0.5);
  CHECK(rates.discriminator[1] == 0.125);
  CHECK(std::isnan(rates.logit[0]));
  CHECK(std::isnan(rates.discriminator[0]));
}

TEST_CASE("norms are those of the gradients that optimizers are given") {
  torch::manual_seed(1);
  afd_test::Probe a, b;
  const afd_test::Notes notes;
  auto options = notes.options();
  options.measure_gradients = true;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  CHECK(std::isnan(distiller.gradient_norms().logit[1]));
  distiller.step(afd_test::tiny_batch());
  const auto norm = [](const std::vector<torch::Tensor>& gradients) {
    double sum = 0;
    for (const torch::Tensor& each : gradients)
      if (each.defined()) sum += each.square().sum().item<double>();
    return std::sqrt(sum);
  };
  const auto norms = distiller.gradient_norms();
  CHECK(norms.logit[0] == doctest::Approx(norm(notes.logit[0].gradients)));
  CHECK(norms.logit[1] == doctest::Approx(norm(notes.logit[1].gradients)));
  CHECK(norms.feature[1] == doctest::Approx(norm(notes.feature[0].gradients)));
  CHECK(norms.discriminator[1] == doctest::Approx(norm(notes.discriminator[0].gradients)));
  CHECK(norms.logit[1] > 0);
  CHECK(std::isnan(norms.feature[0]));

  afd::Distiller silent{afd::topology::OneWay{}, afd::AdversarialFeatureDistillation{}, a, b};
  CHECK_THROWS_WITH_AS(static_cast<void>(silent.gradient_norms()), doctest::Contains(".measure_gradients = true"),
                       afd::ConfigError);
}

TEST_SUITE_END();
