// SPDX-License-Identifier: MIT
#include <afd/train/evaluation_sources.hpp>
//
#include <cmath>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

using afd_test::Probe;
using afd_test::tiny_batch;

TEST_CASE("sources are walked by name, in the order given") {
  const std::vector<afd::Batch> one{tiny_batch()}, two{tiny_batch(), tiny_batch()};
  const auto sources = afd::on("validation", one).and_on("test", two);
  std::vector<std::string> walked;
  sources.each([&](const std::string& name, const auto& source) {
    walked.push_back(name + " " + std::to_string(source.size()));
  });
  CHECK(walked == std::vector<std::string>{"validation 1", "test 2"});
  CHECK(afd::detail::names_of_sources(sources) == std::vector<std::string>{"validation", "test"});
  CHECK(afd::detail::names_of_sources(one) == std::vector<std::string>{""});
}

TEST_CASE("names that cannot be columns, or are there already, are refused") {
  const std::vector<afd::Batch> some{tiny_batch()};
  CHECK_THROWS_AS(afd::on("", some), afd::ConfigError);
  CHECK_THROWS_WITH_AS(afd::on("a,b", some), doctest::Contains("without commas"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(afd::on("test", some).and_on("test", some), doctest::Contains("are called test"),
                       afd::ConfigError);
}

TEST_CASE("the first source decides what is best, and all of them are in the history") {
  torch::manual_seed(1);
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const std::vector<afd::Batch> train{tiny_batch()}, first{tiny_batch(9)}, second{tiny_batch(7), tiny_batch(5)};
  std::vector<std::string> told;
  const auto result = afd::Trainer{distiller, {.epochs = 3, .evaluate_every = 2}}.fit(
      train, afd::on("validation", first).and_on("test", second), [&](const auto& event) {
        for (const auto& more : event.more_scores) told.push_back(more.source);
      });
  CHECK(told == std::vector<std::string>{"test", "test"});
  CHECK(result.last[0].scores == afd::evaluate(first, a, b).networks[0]);
  CHECK(result.history.column("loss_1_on_test").back() == afd::evaluate(second, a, b).networks[1].loss);
  CHECK(std::isnan(result.history.column("top1_ensemble_on_test").front()));
  CHECK(result.history.columns() ==
        afd::Trainer<decltype(distiller), afd::TrainerOptions<>>::columns({"validation", "test"}));
}

namespace {

struct NoteEvaluations {
  std::vector<std::int64_t> steps{};
  template <class D, class S>
  void on_evaluation(const afd::EvaluationEvent<D, S>& event) {
    steps.push_back(event.steps);
  }
};

/// A training of three epochs of four steps, evaluated after every third step.
auto train_in(const std::filesystem::path& folder, int stop_after, std::uint64_t seed) {
  afd_test::Quiet quiet;
  torch::manual_seed(seed);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  NoteEvaluations note;
  auto test = afd_test::test_source();
  const auto result =
      afd::Trainer{distiller,
                   afd::TrainerOptions{.epochs = 3, .evaluate_every_steps = 3, .checkpoint = quiet.options(folder)}}
          .fit(afd_test::train_source(), afd::on("test", test), note, afd_test::StopAfter{stop_after});
  return std::pair(result, note.steps);
}

}  // namespace

TEST_CASE("evaluations amid epochs are told, recorded and resumed to the bit") {
  const afd_test::TempFolder whole;
  const auto [result, steps] = train_in(whole.path(), 0, 1);
  CHECK(steps == std::vector<std::int64_t>{3, 6, 9, 12});
  CHECK(result.evaluations.column("step") == std::vector<double>{3, 6, 9, 12});
  CHECK(result.evaluations.column("epoch") == std::vector<double>{1, 2, 3, 3});
  CHECK(result.evaluations.columns().size() == 2 + 3 * afd::Classification::columns.size());
  CHECK(result.history.rows().size() == 3);
  for (const int stop_after : {2, 3, 7}) {
    CAPTURE(stop_after);
    const afd_test::TempFolder parts;
    train_in(parts.path(), stop_after, 1);
    const auto [rest, more] = train_in(parts.path(), 0, 2);
    CHECK(rest.evaluations.csv() == result.evaluations.csv());
    CHECK(afd_test::outcome(parts.path()) == afd_test::outcome(whole.path()));
  }
}

TEST_CASE("patience counts evaluations amid epochs") {
  // Without statistics that move by themselves.
  torch::nn::Sequential a(torch::nn::Flatten(), torch::nn::Linear(64, afd_test::tiny_classes)),
      b(torch::nn::Flatten(), torch::nn::Linear(64, afd_test::tiny_classes));
  a->to(torch::kDouble);
  b->to(torch::kDouble);
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, afd::DistillerOptions{.logit = afd::Sgd{.lr = 1e-9}}, a,
                           b};
  const std::vector<afd::Batch> train(10, tiny_batch()), test{tiny_batch()};
  const auto result = afd::Trainer{distiller, {.epochs = 5, .evaluate_every_steps = 2, .patience = 3}}.fit(train, test);
  CHECK(result.stop == afd::StopReason::early_stopping);
  CHECK(result.epochs == 0);
  CHECK(result.evaluations.rows().size() == 4);
  CHECK_THROWS_WITH_AS((afd::Trainer{distiller, {.evaluate_every_steps = 2}}.fit(train)),
                       doctest::Contains("evaluate_every_steps goes by"), afd::ConfigError);
}

TEST_SUITE_END();
