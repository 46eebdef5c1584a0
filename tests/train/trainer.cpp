// SPDX-License-Identifier: MIT
#include <afd/train/trainer.hpp>
//
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <torch/data.h>

#include <afd/data/loader.hpp>
#include <afd/network/frozen.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

using afd_test::Probe;
using afd_test::Recorder;
using afd_test::tiny_batch;
using torch::Tensor;

namespace {

std::vector<afd::Batch> some_batches(int count) {
  std::vector<afd::Batch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(tiny_batch());
  return batches;
}

/// A source whose scores the test decides: network logits depend on nothing else than `right`.
struct ScriptedImpl : torch::nn::Module {
  ScriptedImpl() : bias(register_parameter("bias", torch::zeros({1}, torch::kDouble))) {}
  afd::Outputs forward(const Tensor& inputs) {
    const double share = is_training() ? 0.0 : script.at(std::min(next++, script.size() - 1));
    // inputs hold the label; `share` of the rows get it right.
    const auto rows = static_cast<std::int64_t>(std::llround(share * static_cast<double>(inputs.size(0))));
    Tensor logits = torch::zeros({inputs.size(0), 3}, torch::kDouble);
    for (std::int64_t i = 0; i < inputs.size(0); ++i) {
      const auto label = inputs[i][0].item<std::int64_t>();
      logits[i][i < rows ? label : (label + 1) % 3] = 1.0;
    }
    return {inputs, logits + bias};
  }
  std::vector<double> script{0.0};
  std::size_t next = 0;
  Tensor bias;
};
TORCH_MODULE(Scripted);

afd::Batch labelled_batch() {
  const Tensor labels = torch::arange(10, torch::kInt64).remainder(3);
  return {labels.to(torch::kDouble).unsqueeze(1), labels};
}

/// A loss that is 1, not a number, 3, 4, ... in successive steps of two networks.
struct Planted {
  static constexpr std::string_view name = "planted";
  static constexpr afd::Level level = afd::Level::logit;
  std::shared_ptr<int> calls;
  double weight = 1.0;
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const {
    const int call = (*calls)++ / 2;  // two networks
    return outputs.logits.mean() * 0 + (call == 1 ? std::nan("") : 1.0 + call);
  }
};

/// Notes the factors on the rates at every step.
struct Watch {
  const Recorder& logit;
  const Recorder& feature;
  std::vector<double>& logit_factors;
  std::vector<double>& feature_factors;
  template <class Event>
  void on_step(const Event&) {
    logit_factors.push_back(logit[0].rate_factor);
    feature_factors.push_back(feature[0].rate_factor);
  }
};

/// Ends the training at its n-th step.
struct StopAtStep {
  int left;
  template <class Event>
  bool on_step(const Event&) {
    return --left > 0;
  }
};

}  // namespace

TEST_CASE("epochs, columns and rows") {
  torch::manual_seed(0);
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  afd::Trainer trainer{distiller, {.epochs = 3}};
  const auto train = some_batches(4), test = some_batches(1);
  const auto result = trainer.fit(train, test);
  CHECK(result.epochs == 3);
  CHECK(result.stop == afd::StopReason::finished);
  CHECK(result.history.columns() == trainer.columns());
  CHECK(result.history.column("epoch") == std::vector<double>{1, 2, 3});
  CHECK(result.history.column("top1_1").back() == result.last[1].scores.top1);
  CHECK(result.history.column("train_mutual_kl_0_to_1").size() == 3);
  CHECK(a->seen.forwards == 1 + 3 * 4 + 3);
  CHECK(result.last[0].epoch == 2);
  // The last scores are those of the weights as they are now.
  CHECK(afd::evaluate(test, a, b).networks == std::array{result.last[0].scores, result.last[1].scores});
}

TEST_CASE("the mean of an epoch is over its steps, without the skipped ones") {
  Probe a, b;
  const afd::Strategy strategy{Planted{std::make_shared<int>(0)}};
  afd::Distiller distiller{afd::topology::Pair{}, strategy, afd::DistillerOptions{.non_finite = afd::SkipNonFinite{}},
                           a, b};
  const auto train = some_batches(3);
  const auto result = afd::Trainer{distiller, {.epochs = 1}}.fit(train);
  CHECK(result.history.column("train_planted_0")[0] == doctest::Approx((1.0 + 3.0) / 2));
  CHECK(result.history.column("skipped_steps")[0] == 1);
  CHECK(std::isnan(result.history.column("top1_0")[0]));
  CHECK(result.last[0].epoch == -1);
}

TEST_CASE("best and last are kept apart, the first epoch among equals") {
  Scripted a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const std::vector<afd::Batch> batches{labelled_batch()};
  distiller.build(batches[0]);
  a->next = b->next = 0;
  a->script = {0.2, 0.9, 0.9, 0.5};
  b->script = {0.1, 0.1, 0.3, 0.4};
  std::vector<bool> improved;
  const auto result = afd::Trainer{distiller, {.epochs = 4}}.fit(
      batches, batches, [&](const auto& event) { improved.push_back(event.improved[0]); });
  CHECK(result.best[0].epoch == 1);
  CHECK(result.best[0].scores.top1 == doctest::Approx(0.9));
  CHECK(result.last[0].epoch == 3);
  CHECK(result.last[0].scores.top1 == doctest::Approx(0.5));
  CHECK(result.best[1].epoch == 3);
  CHECK(improved == std::vector<bool>{true, true, false, false});
}

TEST_CASE("patience without anything to evaluate on is refused") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  afd::Trainer trainer{distiller, {.epochs = 2, .patience = 1}};
  CHECK_THROWS_WITH_AS(trainer.fit(some_batches(1)), doctest::Contains("no source to evaluate on"), afd::ConfigError);
}

TEST_CASE("early stopping waits for its patience, and for the better of the networks") {
  Scripted a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const std::vector<afd::Batch> batches{labelled_batch()};
  distiller.build(batches[0]);
  a->next = b->next = 0;
  a->script = {0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4};
  b->script = {0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2};
  const auto result = afd::Trainer{distiller, {.epochs = 10, .patience = 2}}.fit(batches, batches);
  CHECK(result.stop == afd::StopReason::early_stopping);
  CHECK(result.epochs == 5);
}

TEST_CASE("evaluation every few epochs, and always at the end") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const auto batches = some_batches(1);
  const auto result = afd::Trainer{distiller, {.epochs = 5, .evaluate_every = 2}}.fit(batches, batches);
  std::vector<bool> evaluated;
  for (const double value : result.history.column("top1_0")) evaluated.push_back(!std::isnan(value));
  CHECK(evaluated == std::vector<bool>{false, true, false, true, true});
}

TEST_CASE("schedules set the rates before each step, each its own") {
  Recorder logit, feature;
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.logit = logit, .feature = feature}, a, b};
  std::vector<double> logit_factors, feature_factors;
  const auto train = some_batches(2);
  afd::Trainer{distiller, afd::TrainerOptions{.epochs = 2,
                                              .logit_schedule = afd::Cosine{},
                                              .feature_schedule = afd::StepDecay{.every = 1, .gamma = 0.5}}}
      .fit(train, Watch{logit, feature, logit_factors, feature_factors});
  REQUIRE(logit_factors.size() == 4);
  for (int i = 0; i < 4; ++i) {
    CHECK(logit_factors[static_cast<std::size_t>(i)] == doctest::Approx(0.5 * (1 + std::cos(M_PI * i / 4))));
  }
  CHECK(feature_factors == std::vector<double>{1, 1, 0.5, 0.5});
}

TEST_CASE("a callback can end the training after a step or after an epoch") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const auto train = some_batches(3);
  const auto at_step = afd::Trainer{distiller, {.epochs = 5}}.fit(train, train, StopAtStep{4});
  CHECK(at_step.stop == afd::StopReason::callback);
  CHECK(at_step.epochs == 1);
  int told = 0;
  const auto at_epoch = afd::Trainer{distiller, {.epochs = 5}}.fit(
      train, train, [](const auto& event) { return event.epoch < 1; }, [&](const auto&) { ++told; });
  CHECK(at_epoch.stop == afd::StopReason::callback);
  CHECK(at_epoch.epochs == 2);
  CHECK(told == 2);  // later callbacks are told too
}

TEST_CASE("a loader is told its epoch, and a torch data loader works") {
  torch::manual_seed(0);
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const afd::Batch all = tiny_batch(8);
  afd::BatchLoader ours{afd::TensorDataset{all.inputs, all.targets}, {.batch_size = 4}};
  std::vector<std::int64_t> samples;
  afd::Trainer{distiller, {.epochs = 2}}.fit(ours, [&](const auto& event) { samples.push_back(event.samples); });
  CHECK(samples == std::vector<std::int64_t>{8, 8});
  {
    afd::BatchLoader same{afd::TensorDataset{all.inputs, all.targets}, {.batch_size = 4}};
    same.start_epoch(1);
    CHECK(torch::equal(ours.batch(0).inputs, same.batch(0).inputs));  // left at its last epoch
  }

  struct Samples : torch::data::datasets::Dataset<Samples> {
    explicit Samples(afd::Batch given) : batch(std::move(given)) {}
    torch::data::Example<> get(std::size_t i) override {
      const auto index = static_cast<std::int64_t>(i);
      return {batch.inputs[index], batch.targets[index]};
    }
    torch::optional<std::size_t> size() const override { return static_cast<std::size_t>(batch.targets.size(0)); }
    afd::Batch batch;
  };
  auto theirs = torch::data::make_data_loader(Samples(all).map(torch::data::transforms::Stack<>()), 4);
  const auto result = afd::Trainer{distiller, {.epochs = 2}}.fit(*theirs, ours);
  CHECK(result.epochs == 2);
}

TEST_CASE("nothing to train on, and options that cannot work, are errors") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const std::vector<afd::Batch> none;
  CHECK_THROWS_AS((afd::Trainer{distiller, {.epochs = 1}}.fit(none)), afd::DataError);
  CHECK_THROWS_AS((afd::Trainer{distiller, {.epochs = 0}}), afd::ConfigError);
}

TEST_CASE("optimizers without a state of their own train, but not with checkpoints") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, afd::DistillerOptions{.logit = afd_test::Recorder{}}, a,
                           b};
  CHECK_THROWS_WITH_AS((afd::Trainer{distiller, afd::TrainerOptions{.checkpoint = {.folder = "none"}}}),
                       doctest::Contains("visit_state(names, visitor)"), afd::ConfigError);
  const std::vector<afd::Batch> batches{tiny_batch()};
  CHECK((afd::Trainer{distiller, {.epochs = 1}}.fit(batches)).epochs == 1);
}

TEST_SUITE_END();
