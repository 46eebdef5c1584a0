// SPDX-License-Identifier: MIT
#include <afd/train/callback_states.hpp>
//
#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/game_watch.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

using afd::detail::CallbackStates;

namespace {

/// Raises a number at each step: a ramp in a callback.
struct Count {
  std::int64_t value = 0;
  template <class Event>
  void on_step(const Event&) {
    ++value;
  }
  template <afd::StateVisitor V>
  void visit_state(V& visitor) {
    visitor.integer("value", value);
  }
};
struct Other : Count {};

}  // namespace

TEST_CASE("callbacks with a state are known by type and place; others have none") {
  static_assert(afd::CallbackHasState<Count>);
  Count a{1}, b{2};
  Other c{3};
  const auto lambda = [](const auto&) {};
  CallbackStates all(a, lambda, b, c);
  afd::StateDict state;
  afd::SaveState save(state);
  all.visit(save);
  CHECK(state.values().size() == 3);
  // In another order, and with one more of a type: the new one begins anew.
  Other first, more{9};
  Count second, third;
  CallbackStates again(first, second, third, more);
  afd::LoadState load(state);
  again.visit_known(state, load);
  CHECK(first.value == 3);
  CHECK(second.value == 1);
  CHECK(third.value == 2);
  CHECK(more.value == 9);
  CHECK(again.unknown_to(state).find("Other 1") != std::string::npos);
  CHECK(all.unknown_to(state).empty());
}

TEST_CASE("a ramp in a callback goes on where it was, and one that the run did not know is told") {
  const auto train = [](const std::filesystem::path& folder, int stop_after, auto& callback) {
    afd_test::Quiet quiet;
    torch::manual_seed(1);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
    afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
    afd::Trainer{distiller, afd::TrainerOptions{.epochs = 2, .checkpoint = quiet.options(folder)}}.fit(
        afd_test::train_source(), callback, afd_test::StopAfter{stop_after});
    return quiet.said;
  };
  const afd_test::TempFolder folder;
  Count first, second;
  train(folder.path(), 5, first);
  CHECK(first.value == 5);
  train(folder.path(), 0, second);
  CHECK(second.value == 8);
  Other other;
  const auto said = train(folder.path(), 0, other);
  bool told = false;
  for (const std::string& text : said) told = told || text.find("which begins anew") != std::string::npos;
  CHECK(told);
}

TEST_CASE("what a game watch has seen and said is not forgotten") {
  const auto train = [](const std::filesystem::path& folder, int stop_after, std::vector<std::string>& advice) {
    afd_test::Quiet quiet;
    torch::manual_seed(2);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
    afd::Distiller distiller{
        afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
        afd::DistillerOptions{.logit = afd::Sgd{.lr = 1e-6}, .discriminator = afd::Adam{.lr = 0.05, .weight_decay = 0}},
        a, b};
    const std::vector<afd::Batch> batches(40, afd_test::tiny_batch(8));
    afd::GameWatch watch{distiller, std::vector<afd::Batch>{batches[0]}, 1,
                         [&](const std::string& text) { advice.push_back(text); }};
    afd::Trainer{distiller, afd::TrainerOptions{.epochs = 6, .checkpoint = quiet.options(folder)}}.fit(
        batches, watch, afd_test::StopAfter{stop_after});
    return watch.records();
  };
  const afd_test::TempFolder whole, parts;
  std::vector<std::string> all, some;
  const auto expected = train(whole.path(), 0, all);
  REQUIRE(!all.empty());
  train(parts.path(), 4 * 40 + 3, some);
  const auto records = train(parts.path(), 0, some);
  CHECK(some == all);
  REQUIRE(records.size() == expected.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(records[i].epoch == expected[i].epoch);
    CHECK(records[i].games[1].real == expected[i].games[1].real);
    CHECK(records[i].games[1].place() == expected[i].games[1].place());
  }
}

TEST_SUITE_END();
