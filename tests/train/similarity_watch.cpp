// SPDX-License-Identifier: MIT
#include <afd/train/similarity_watch.hpp>
//
#include <cmath>
#include <vector>

#include <torch/torch.h>

#include <afd/state/state_dict.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

TEST_CASE("maps are compared two by two, every so many epochs and after the last, as map_similarity says") {
  torch::manual_seed(2);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network(), c = afd_test::tiny_network({4, 6});
  afd::Distiller distiller{afd::topology::Cycle<3>{}, afd::DeepMutualLearning{}, a, b, c};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch(4)};
  afd::SimilarityWatch watch{distiller, batches, 2};
  afd::Trainer{distiller, {.epochs = 5}}.fit(batches, watch);

  const afd::History& history = watch.history();
  CHECK(history.column("epoch") == std::vector<double>{1, 3, 4});
  REQUIRE(history.columns().size() == 1 + 3 * 4);
  for (const double other : history.column("l1 of 0 and 2")) CHECK(std::isnan(other));
  CHECK(a->is_training());
  const torch::NoGradGuard no_grad;
  const auto maps = [&](auto& network) {
    const afd::EvalMode mode(*network);
    return torch::cat({network->forward(batches[0].inputs).features, network->forward(batches[1].inputs).features});
  };
  const afd::MapSimilarity now = afd::map_similarity(maps(a), maps(b));
  CHECK(history.column("l1 of 0 and 1").back() == doctest::Approx(now.l1));
  CHECK(history.column("cosine of 0 and 1").back() == doctest::Approx(now.cosine));
  CHECK(history.column("cka of 1 and 2").back() == doctest::Approx(afd::map_similarity(maps(b), maps(c)).cka));
}

TEST_CASE("what was seen goes on with a training; other networks, no images and a period of 0 are refused") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch()}, none;
  afd::SimilarityWatch watch{distiller, batches}, later{distiller, batches};
  watch.look(7);
  afd::StateDict state;
  afd::SaveState save(state);
  watch.visit_state(save);
  afd::LoadState load(state);
  later.visit_state(load);
  CHECK(later.history().csv() == watch.history().csv());

  auto c = afd_test::tiny_network();
  afd::Distiller three{afd::topology::Cycle<3>{}, afd::Alone{}, a, b, c};
  afd::SimilarityWatch others{three, batches};
  CHECK_THROWS_AS(others.visit_state(load), afd::FormatError);
  afd::SimilarityWatch empty{distiller, none};
  CHECK_THROWS_WITH_AS(empty.look(0), doctest::Contains("no sample"), afd::DataError);
  CHECK_THROWS_AS((afd::SimilarityWatch{distiller, batches, 0}), afd::ConfigError);
}

TEST_SUITE_END();
