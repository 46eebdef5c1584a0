// SPDX-License-Identifier: MIT
// Parameters that are frozen, unfrozen or replaced while networks train.
#include <afd/step/cohort.hpp>
#include <afd/step/distiller.hpp>
#include <afd/step/saved_run.hpp>
//
#include <memory>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd::TrainableParameters;
using afd_test::Probe;
using afd_test::tiny_batch;
using torch::Tensor;

namespace {

const afd::AdversarialFeatureDistillation recipe;

struct TwoProbes {
  Probe a, b;
  afd::Distiller<afd::topology::Pair, afd::AdversarialFeatureDistillation, afd::DistillerOptions<>, Probe, Probe>
      distiller{afd::topology::Pair{}, recipe, a, b};
};

std::unique_ptr<TwoProbes> seeded(std::uint64_t seed) {
  torch::manual_seed(seed);
  return std::make_unique<TwoProbes>();
}

}  // namespace

TEST_CASE("a parameter that is frozen rests, and one that is unfrozen moves, from the next step on") {
  const auto run = seeded(1);
  Tensor kernel = run->a->conv->weight, head = run->a->head->weight;
  kernel.requires_grad_(false);
  const Tensor start = kernel.detach().clone();
  run->distiller.step(tiny_batch());
  CHECK(kernel.equal(start));
  kernel.requires_grad_(true);
  run->distiller.step(tiny_batch());
  CHECK_FALSE(kernel.equal(start));
  head.requires_grad_(false);
  const Tensor rests = head.detach().clone(), moved = kernel.detach().clone();
  run->distiller.step(tiny_batch());
  CHECK(head.equal(rests));  // neither gradient nor momentum nor decay
  CHECK_FALSE(kernel.equal(moved));
}

TEST_CASE("what was trained all the time goes on as if nothing had happened to the others") {
  // The bias of the first network's head is frozen for a step; everything that does not hang on it is compared with a
  // run in which it was never frozen but had no gradient in that step.
  const auto run = seeded(2), same = seeded(2);
  const afd::Batch batch = tiny_batch();
  for (int i = 0; i < 3; ++i) {
    torch::manual_seed(7);
    run->distiller.step(batch);
    torch::manual_seed(7);
    same->distiller.step(batch);
  }
  const auto momentum = [](TwoProbes& of) { return of.distiller.state(); };
  run->a->head->bias.requires_grad_(false);
  run->distiller.step(batch);
  same->distiller.step(batch);
  const afd::StateDict ours = momentum(*run), theirs = momentum(*same);
  const auto equal = [&](const std::string& key) { return ours.get<Tensor>(key).equal(theirs.get<Tensor>(key)); };
  CHECK(equal("logit optimizer 0/velocity/network 0/conv.weight"));
  CHECK(equal("logit optimizer 0/velocity/network 0/head.weight"));
  CHECK(equal("feature optimizer 1/mean/network 1/conv.weight"));
  CHECK(equal("network 0/conv.weight"));
  CHECK_FALSE(ours.contains("logit optimizer 0/velocity/network 0/head.bias"));
  // And its own momentum begins anew.
  run->a->head->bias.requires_grad_(true);
  run->distiller.step(batch);
  CHECK(run->distiller.state().get<std::int64_t>("logit optimizer 0/steps/network 0/head.bias") == 1);
  CHECK(run->distiller.state().get<std::int64_t>("logit optimizer 0/steps/network 0/head.weight") == 5);
}

TEST_CASE("a module that is replaced is trained from the next step on") {
  const auto run = seeded(3);
  run->distiller.step(tiny_batch());
  torch::nn::Linear other(3, afd_test::tiny_classes);
  other->to(torch::kDouble);
  run->a->head = run->a->replace_module("head", other);
  const Tensor start = other->weight.detach().clone();
  run->distiller.step(tiny_batch());
  CHECK_FALSE(other->weight.equal(start));
  CHECK(run->distiller.state().contains("logit optimizer 0/velocity/network 0/head.weight"));
}

TEST_CASE("rates stay what they were made") {
  const auto run = seeded(4);
  run->distiller.step(tiny_batch());
  run->distiller.scale_rates({.logit = 0.5});
  run->a->head->bias.requires_grad_(false);
  run->distiller.step(tiny_batch());
  CHECK(run->distiller.rates().logit[0] == 0.05);
}

TEST_CASE("networks of which nothing is trained any more, and optimizers that cannot go on, are refused") {
  const auto run = seeded(5);
  run->distiller.step(tiny_batch());
  for (Tensor& parameter : run->a->parameters()) parameter.requires_grad_(false);
  const auto before = afd_test::state_of(*run->b);
  CHECK_THROWS_WITH_AS(run->distiller.step(tiny_batch()), doctest::Contains("network 0 has no parameter"),
                       afd::ConfigError);
  CHECK(afd_test::same_state(*run->b, before));
  for (Tensor& parameter : run->a->parameters()) parameter.requires_grad_(true);
  CHECK_NOTHROW(run->distiller.step(tiny_batch()));

  Probe c, d;
  afd::Distiller recorded{afd::topology::Pair{}, afd::Alone{}, afd::DistillerOptions{.logit = afd_test::Recorder{}}, c,
                          d};
  recorded.step(tiny_batch());
  c->head->bias.requires_grad_(false);
  CHECK_THROWS_WITH_AS(recorded.step(tiny_batch()), doctest::Contains("take_over(other)"), afd::ConfigError);
  c->head->bias.requires_grad_(true);
  CHECK_NOTHROW(recorded.step(tiny_batch()));
}

TEST_CASE("a state of other trainable parameters: refused with the two ways on, and each of them") {
  const afd::Batch batch = tiny_batch();
  const auto frozen = seeded(6);
  frozen->a->conv->weight.requires_grad_(false);
  for (int i = 0; i < 2; ++i) frozen->distiller.step(batch);
  const afd::StateDict state = frozen->distiller.state();

  for (const bool was_built : {false, true}) {
    CAPTURE(was_built);
    const auto other = seeded(7);
    if (was_built) other->distiller.step(batch);
    const auto before = afd_test::state_of(*other->a);
    CHECK_THROWS_WITH_AS(other->distiller.load_state(state),
                         doctest::Contains("network 0/conv.weight was frozen when the state was saved, and is trained "
                                           "here; load the state with afd::TrainableParameters::as_saved"),
                         afd::ConfigError);
    CHECK(afd_test::same_state(*other->a, before));

    other->distiller.load_state(state, TrainableParameters::as_saved);
    CHECK_FALSE(other->a->conv->weight.requires_grad());
    CHECK(other->distiller.state().to_bytes() == state.to_bytes());

    const auto here = seeded(8);
    if (was_built) here->distiller.step(batch);
    here->distiller.load_state(state, TrainableParameters::as_here);
    CHECK(here->a->conv->weight.requires_grad());
    const afd::StateDict loaded = here->distiller.state();
    CHECK(loaded.get<std::int64_t>("logit optimizer 0/steps/network 0/conv.weight") == 0);
    CHECK(loaded.get<std::int64_t>("logit optimizer 0/steps/network 0/head.weight") == 2);
    CHECK(loaded.get<Tensor>("network 0/conv.weight").equal(state.get<Tensor>("network 0/conv.weight")));
    const Tensor start = here->a->conv->weight.detach().clone();
    here->distiller.step(batch);
    CHECK_FALSE(here->a->conv->weight.equal(start));
  }
}

TEST_CASE("a state that does not fit leaves flags and optimizers as they were") {
  const afd::Batch batch = tiny_batch();
  const auto frozen = seeded(9);
  frozen->a->conv->weight.requires_grad_(false);
  frozen->distiller.step(batch);
  afd::StateDict broken;
  const afd::StateDict state = frozen->distiller.state();
  for (const auto& [key, value] : state.values()) {
    if (key != "logit optimizer 1/steps/network 1/head.bias") broken.set(key, value);
  }
  const auto other = seeded(10);
  other->distiller.step(batch);
  const auto before = other->distiller.state().to_bytes();
  CHECK_THROWS_AS(other->distiller.load_state(broken, TrainableParameters::as_saved), afd::FormatError);
  CHECK(other->a->conv->weight.requires_grad());
  CHECK(other->distiller.state().to_bytes() == before);
}

namespace {

/// Unfreezes the first network's kernels after the first epoch.
struct Unfreeze {
  afd::PlainCnn network;
  template <class Event>
  void operator()(const Event& event) {
    if (event.epoch == 0) set(true);
  }
  void set(bool trained) {
    for (const auto& item : network->named_parameters()) {
      Tensor parameter = item.value();
      if (parameter.dim() == 4) parameter.requires_grad_(trained);
    }
  }
};

}  // namespace

TEST_CASE("a training that unfreezes on its way goes on to the same bits from any step") {
  const auto train = [](const std::filesystem::path& folder, int stop_after, std::uint64_t seed) {
    afd_test::Quiet quiet;
    torch::manual_seed(seed);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
    Unfreeze unfreeze{a};
    unfreeze.set(false);
    afd::Distiller distiller{afd::topology::Pair{}, recipe, a, b};
    afd::Trainer{distiller, afd::TrainerOptions{.epochs = 3, .checkpoint = quiet.options(folder)}}.fit(
        afd_test::train_source(), afd_test::test_source(), unfreeze, afd_test::StopAfter{stop_after});
    return quiet.said;
  };
  const afd_test::TempFolder whole;
  train(whole.path(), 0, 1);
  const afd::Bytes expected = afd_test::outcome(whole.path());
  for (const int stop_after : {2, 4, 6, 9}) {
    CAPTURE(stop_after);
    const afd_test::TempFolder parts;
    train(parts.path(), stop_after, 1);
    const auto said = train(parts.path(), 0, 2);
    CHECK(afd_test::outcome(parts.path()) == expected);
    bool told = false;
    for (const std::string& text : said)
      told = told || text.find("goes on with what was trained then") != std::string::npos;
    CHECK(told == (stop_after > 4));  // the first epoch ends with its callbacks
  }
}

TEST_SUITE_END();
