// SPDX-License-Identifier: MIT
#include <afd/step/distiller.hpp>
//
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/data/example.h>

#include <afd/network/extractor_head.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/star.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::Probe;
using afd_test::Recorder;
using afd_test::tiny_batch;
using afd_test::tiny_network;

TEST_CASE("networks of different kinds and handles train together, without erasing their types") {
  torch::manual_seed(0);
  auto cnn = tiny_network();
  afd_test::ProbeImpl plain;  // held by reference
  auto adapted = afd::extractor_head(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 3, 3)), torch::nn::Linear(3, 4));
  adapted->to(torch::kDouble);
  afd::Distiller distiller{afd::topology::Cycle<3>{}, afd::AdversarialFeatureDistillation{}, cnn, plain, adapted};
  static_assert(std::is_same_v<std::remove_reference_t<decltype(distiller.network<0>())>, afd::PlainCnn>);
  static_assert(std::is_same_v<std::remove_reference_t<decltype(distiller.network<1>())>,
                               std::reference_wrapper<afd_test::ProbeImpl>>);
  const auto before = afd_test::state_of(plain), before_adapted = afd_test::state_of(*adapted);
  const auto report = distiller.step(tiny_batch());
  CHECK(report.values().size() == 3 + 3 + 6);
  CHECK_FALSE(afd_test::same_state(plain, before));
  CHECK_FALSE(afd_test::same_state(*adapted, before_adapted));
}

TEST_CASE("anything that reads as a batch can be stepped on") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const afd::Batch batch = tiny_batch();
  CHECK_NOTHROW(distiller.step(std::pair(batch.inputs, batch.targets)));
  CHECK_NOTHROW(distiller.step(torch::data::Example<>(batch.inputs, batch.targets)));
}

TEST_CASE("steps bring the losses down") {
  torch::manual_seed(1);
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const afd::Batch batch = tiny_batch(16);
  const double first = distiller.step(batch).value("cross_entropy", 0);
  for (int i = 0; i < 100; ++i) distiller.step(batch);
  CHECK(distiller.step(batch).value("cross_entropy", 0) < 0.7 * first);
}

TEST_CASE("the same seed gives the same weights to the bit") {
  const auto trained = [] {
    torch::manual_seed(5);
    auto a = tiny_network(), b = tiny_network({4, 6});
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
    for (int i = 0; i < 3; ++i) distiller.step(tiny_batch());
    return afd_test::state_of(*b);
  };
  const auto first = trained(), second = trained();
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(torch::equal(first[i], second[i]));
}

TEST_CASE("rates are scaled for each kind of optimizer, before the first step and after it") {
  Recorder logit, feature, discriminator;
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.logit = logit, .feature = feature, .discriminator = discriminator}, a,
                           b};
  distiller.scale_rates({.logit = 0.5, .feature = 0.25, .discriminator = 0.125});
  distiller.step(tiny_batch());
  for (const std::size_t i : {0U, 1U}) {
    CHECK(logit[i].rate_factor == 0.5);
    CHECK(feature[i].rate_factor == 0.25);
    CHECK(discriminator[i].rate_factor == 0.125);
  }
  distiller.scale_rates({});
  CHECK(logit[1].rate_factor == 1);
}

TEST_CASE("evaluation scores each network, and the ensemble of those that are trained") {
  torch::manual_seed(2);
  Probe teacher, student;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, afd::frozen(teacher), student};
  const std::vector<afd::Batch> batches{tiny_batch(), tiny_batch()};
  const auto scores = distiller.evaluate(batches);
  const auto alone = afd::evaluate(batches, teacher, student);
  CHECK(scores.networks == alone.networks);
  CHECK(scores.ensemble.loss == doctest::Approx(scores.networks[1].loss).epsilon(1e-12));
  CHECK(student->is_training());
}

TEST_CASE("all topologies run with the whole method") {
  torch::manual_seed(3);
  Probe a, b, c;
  const auto steps = [](auto&& distiller) {
    distiller.step(tiny_batch());
    return distiller.step(tiny_batch()).values().size();
  };
  const afd::AdversarialFeatureDistillation recipe;
  CHECK(steps(afd::Distiller(afd::topology::OneWay{}, recipe, a, b)) == 2 + 1 + 2);
  CHECK(steps(afd::Distiller(afd::topology::AllPairs<3>{}, recipe, a, b, c)) == 3 + 6 + 12);
  CHECK(steps(afd::Distiller(afd::topology::Star<3>{}, recipe, afd::frozen(a), b, c)) == 2 + 2 + 4);
  CHECK(steps(afd::Distiller(afd::topology::Graph<3, afd::Edge{0, 1}, afd::Edge{2, 1}>{}, recipe, a, b, c)) ==
        3 + 2 + 4);
}

TEST_SUITE_END();
