// SPDX-License-Identifier: MIT
#include <afd/observe/game_scores.hpp>
//
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("observe");

TEST_CASE("every edge has its discriminator's hits; modes, weights and statistics stay") {
  torch::manual_seed(2);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network(), c = afd_test::tiny_network();
  afd::Distiller distiller{afd::topology::Cycle<3>{}, afd::AdversarialFeatureDistillation{}, a, b, c};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(6), afd_test::tiny_batch(5)};
  CHECK_THROWS_AS(static_cast<void>(distiller.game_health(batches)), afd::ConfigError);
  distiller.step(batches[0]);
  const auto before = afd_test::state_of(*a);
  const auto judge = distiller.cohort().edges().modules().back();
  const auto judge_before = afd_test::state_of(*judge);
  const auto games = distiller.game_health(batches);
  REQUIRE(games.size() == 3);
  for (std::size_t e = 0; e < 3; ++e) {
    CHECK(games[e].teacher == e);
    CHECK(games[e].student == (e + 1) % 3);
    CHECK(games[e].term == "adversarial");
  }
  CHECK(afd_test::same_state(*a, before));
  CHECK(afd_test::same_state(*judge, judge_before));
  CHECK(a->is_training());
  CHECK(judge->is_training());

  // By hand for the first edge.
  a->eval();
  b->eval();
  auto& layers = distiller.cohort().layers<2, 0>();
  layers.transfer->eval();
  layers.discriminator->eval();
  double real = 0, fake = 0;
  for (const afd::Batch& batch : batches) {
    const auto map_a = a->forward(batch.inputs).features, map_b = b->forward(batch.inputs).features;
    real += (layers.discriminator->forward(layers.transfer->teacher(map_a)) > 0).sum().item<double>();
    fake += (layers.discriminator->forward(layers.transfer->student(map_b)) <= 0).sum().item<double>();
  }
  CHECK(games[0].real == doctest::Approx(real / 11));
  CHECK(games[0].fake == doctest::Approx(fake / 11));
}

TEST_CASE("a discriminator that is trained on one batch learns to tell its maps apart") {
  torch::manual_seed(2);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  afd::Distiller distiller{
      afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
      afd::DistillerOptions{.logit = afd::Sgd{.lr = 1e-6}, .discriminator = afd::Adam{.lr = 0.02, .weight_decay = 0}},
      a, b};
  const afd::Batch batch = afd_test::tiny_batch(16);
  for (int i = 0; i < 80; ++i) distiller.step(batch);
  for (const afd::GameHealth& game : distiller.game_health(std::vector<afd::Batch>{batch})) {
    CHECK(game.real + game.fake > 1.5);
  }
}

TEST_CASE("no discriminator, no game; no image, an error") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  afd::Distiller alone{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  alone.step(afd_test::tiny_batch());
  CHECK(alone.game_health(std::vector<afd::Batch>{afd_test::tiny_batch()}).empty());
  afd::Distiller game{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  game.step(afd_test::tiny_batch());
  CHECK_THROWS_AS(static_cast<void>(game.game_health(std::vector<afd::Batch>{})), afd::DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(game.game_health(std::vector<afd::Batch>(1))), doctest::Contains("undefined"),
                       afd::DataError);
}

TEST_SUITE_END();
