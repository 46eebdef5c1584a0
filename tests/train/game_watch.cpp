// SPDX-License-Identifier: MIT
#include <afd/train/game_watch.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

TEST_CASE("a game is watched every so many epochs and after the last, and its loss is told once for each edge") {
  torch::manual_seed(2);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  // Discriminators that win: the networks hardly move.
  afd::Distiller distiller{
      afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
      afd::DistillerOptions{.logit = afd::Sgd{.lr = 1e-6}, .discriminator = afd::Adam{.lr = 0.05, .weight_decay = 0}},
      a, b};
  const std::vector<afd::Batch> batches(40, afd_test::tiny_batch(8));
  std::vector<std::string> advice;
  afd::GameWatch watch{distiller, std::vector<afd::Batch>{batches[0]}, 2,
                       [&](const std::string& text) { advice.push_back(text); }};
  afd::Trainer{distiller, {.epochs = 9}}.fit(batches, watch);

  REQUIRE(watch.records().size() == 5);
  CHECK(watch.records()[0].epoch == 1);
  CHECK(watch.records()[3].epoch == 7);
  CHECK(watch.records()[4].epoch == 8);
  std::size_t lost = 0;
  for (std::size_t edge = 0; edge < 2; ++edge) {
    bool once = false;
    for (const afd::GameRecord& record : watch.records()) once = once || !record.games.at(edge).advice().empty();
    lost += once ? 1U : 0U;
  }
  CHECK(lost > 0);
  CHECK(advice.size() == lost);
  CHECK(advice.at(0).starts_with("epoch "));
  CHECK(advice[0].find("edge ") != std::string::npos);
}

TEST_CASE("without discriminators nothing is read; a period of 0 is refused") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch()}, none;
  afd::GameWatch watch{distiller, none};
  afd::Trainer{distiller, {.epochs = 1}}.fit(batches, watch);
  CHECK(watch.records().empty());
  CHECK_THROWS_AS((afd::GameWatch{distiller, none, 0}), afd::ConfigError);
}

TEST_SUITE_END();
