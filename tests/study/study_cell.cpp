// SPDX-License-Identifier: MIT
#include <afd/study/study_cell.hpp>
//
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/batch.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("study");

namespace {

using afd_test::tiny_batch, afd_test::tiny_network;
namespace parts = afd::detail;

}  // namespace

TEST_CASE("networks come one or several, and have the same weights for a seed") {
  const auto one = [] { return tiny_network(); };
  const auto two = [](std::uint64_t seed) {
    return std::pair{tiny_network(), tiny_network({3, static_cast<std::int64_t>(seed)})};
  };
  const auto three = [] { return std::array{tiny_network(), tiny_network(), tiny_network()}; };
  auto single = parts::networks_of(one, 1);
  CHECK(std::tuple_size_v<decltype(single)> == 1);
  CHECK(std::tuple_size_v<decltype(parts::networks_of(two, 5))> == 2);
  CHECK(std::tuple_size_v<decltype(parts::networks_of(three, 5))> == 3);
  auto again = parts::networks_of(one, 1), other = parts::networks_of(one, 2);
  CHECK(parts::networks_text(single) == parts::networks_text(again));
  CHECK(parts::networks_text(single) != parts::networks_text(other));
}

TEST_CASE("a training source is that of the seed: a function's, a loader's with its orders, or what was given") {
  const afd::TensorDataset data{torch::zeros({8, 1, 4, 4}, torch::kUInt8), torch::arange(8)};
  afd::BatchLoader<> loader{data, {.batch_size = 4}};
  auto of_one = parts::source_of(loader, 1), of_two = parts::source_of(loader, 2);
  CHECK(of_one.options().seed == 1);
  CHECK(!of_one.batch(0).targets.equal(of_two.batch(0).targets));
  std::vector<afd::Batch> batches{tiny_batch()};
  CHECK(&parts::source_of(batches, 1) == &batches);
  const auto function = [&](std::uint64_t seed) { return std::vector<afd::Batch>(seed, tiny_batch()); };
  CHECK(parts::source_of(function, 3).size() == 3);
}

TEST_CASE("what trainers are told has another number for every other thing that is told") {
  const afd::TrainerOptions<> plain{.epochs = 3};
  std::vector<std::string> texts{parts::training_text(plain)};
  texts.push_back(parts::training_text(afd::TrainerOptions<>{.epochs = 4}));
  texts.push_back(parts::training_text(afd::TrainerOptions<>{.epochs = 3, .schedule = afd::Cosine{}}));
  texts.push_back(parts::training_text(afd::TrainerOptions<>{.epochs = 3, .feature_schedule = afd::Cosine{}}));
  texts.push_back(parts::training_text(afd::TrainerOptions<>{.epochs = 3, .patience = 2}));
  texts.push_back(parts::training_text(afd::TrainerOptions<>{.epochs = 3, .evaluate_every = 2}));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(texts[i].size() == 16);
    for (std::size_t j = 0; j < i; ++j) CHECK(texts[i] != texts[j]);
  }
  CHECK(parts::training_text(afd::TrainerOptions<>{.epochs = 3}) == texts[0]);
}

TEST_CASE("a distiller's networks are found among those that were made, wherever they stand and frozen or not") {
  auto networks = std::tuple{tiny_network(), tiny_network()};
  auto& [student, teacher] = networks;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::DeepMutualLearning{}, afd::frozen(teacher), student};
  CHECK(parts::places_of(distiller, networks) == std::array<std::size_t, 2>{1, 0});
  auto stranger = tiny_network();
  afd::Distiller other{afd::topology::OneWay{}, afd::DeepMutualLearning{}, afd::frozen(stranger), student};
  CHECK(parts::places_of(other, networks) == std::array<std::size_t, 2>{2, 0});
}

TEST_CASE("a recipe that trains a network of its own making is refused") {
  const auto recipe = afd::recipe<"own">(
      [](auto& network) { return afd::Distiller{afd::topology::Pair{}, afd::Alone{}, network, tiny_network()}; });
  auto networks = std::tuple{tiny_network()};
  afd::Cell cell{.recipe = "own", .seed = 1};
  std::vector<afd::Batch> batches{tiny_batch()};
  const parts::CellRun run{"nowhere", [](double) { return true; }, {}};
  CHECK_THROWS_WITH_AS(
      static_cast<void>(parts::train_cell(cell, recipe, networks, batches, batches, batches, false, run, [](auto&) {})),
      doctest::Contains("trains a network 1 that make_networks() did not return"), afd::ConfigError);
}

TEST_SUITE_END();
