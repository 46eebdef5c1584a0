// SPDX-License-Identifier: MIT
#include <afd/strategy/scheduled.hpp>
//
#include <map>
#include <string>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::Scheduled;
using afd::TrainingProgress;
using afd_test::tiny_batch;
using afd_test::tiny_network;

namespace {

using Ramped = afd::Strategy<afd::CrossEntropy, afd::Every<1, Scheduled<afd::MutualKL>>>;

Ramped ramped() {
  return Ramped{afd::CrossEntropy{},
                {{.term = {.temperature = 2, .weight = 3},
                  .weight = afd::Ramp{.epochs = 4},
                  .temperature = afd::Cosine{.last = 0.5}}}};
}

/// A distiller's networks after a step at `progress`, and those of one whose term has these numbers from the start.
template <class Strategy>
std::vector<torch::Tensor> after_a_step(const Strategy& strategy, const TrainingProgress& progress) {
  torch::manual_seed(4);
  auto a = tiny_network(), b = tiny_network({4, 5});
  afd::Distiller distiller{afd::topology::Pair{}, strategy, a, b};
  distiller.set_progress(progress);
  const afd::Batch batch = tiny_batch();
  distiller.step(batch);
  return afd_test::state_of(*b);
}

}  // namespace

TEST_CASE("a step at some point of a training is that of a term with the numbers of that point") {
  for (const double epoch : {0.0, 1.0, 3.5, 6.0}) {
    CAPTURE(epoch);
    const TrainingProgress progress{epoch, 8};
    const afd::MutualKL fixed{.temperature = 2 * afd::Cosine{.last = 0.5}(progress),
                              .weight = 3 * afd::Ramp{.epochs = 4}(progress)};
    const auto ours = after_a_step(ramped(), progress);
    const auto theirs = after_a_step(afd::Strategy{afd::CrossEntropy{}, fixed}, {});
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) CHECK(torch::equal(ours[i], theirs[i]));
  }
}

TEST_CASE("the numbers that were given are not worn down by step after step") {
  torch::manual_seed(4);
  auto a = tiny_network(), b = tiny_network({4, 5});
  afd::Distiller distiller{afd::topology::Pair{}, ramped(), a, b};
  distiller.set_progress({1, 8});
  distiller.set_progress({2, 8});
  const afd::Batch batch = tiny_batch();
  const double at_two = distiller.step(batch).value("mutual_kl", 0, 1);
  torch::manual_seed(4);
  auto c = tiny_network(), d = tiny_network({4, 5});
  afd::Distiller direct{afd::topology::Pair{}, ramped(), c, d};
  direct.set_progress({2, 8});
  CHECK(direct.step(tiny_batch()).value("mutual_kl", 0, 1) == at_two);
}

TEST_CASE("schedules that cannot be are refused, with the term's name") {
  auto a = tiny_network(), b = tiny_network({4, 5});
  const auto make = [&](const auto& term) { afd::Distiller{afd::topology::Pair{}, afd::Strategy{term}, a, b}; };
  CHECK_THROWS_WITH_AS(make(Scheduled<afd::CrossEntropy>{.temperature = afd::Cosine{}}),
                       doctest::Contains("cross_entropy has a schedule for its temperature"), afd::ConfigError);
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy{Scheduled<afd::MutualKL>{.temperature = afd::Cosine{}}},
                           a, b};
  CHECK_THROWS_WITH_AS(distiller.set_progress({10, 10}), doctest::Contains("mutual_kl must be positive"),
                       afd::ConfigError);
}

TEST_CASE("they are described, so that a resume with other schedules is noticed") {
  using Bound = afd::detail::BoundTerm<afd::Every<1, Scheduled<afd::MutualKL>>, void>;
  std::map<std::string, std::string> all;
  Bound::describe_schedules(ramped().get<1>(), [&](const auto& key, const auto& text) { all[key] = text; });
  CHECK(all.at("weight at epoch 1 of 100") == "0.25");
  CHECK(all.contains("temperature at epoch 50 of 100"));
}

namespace {

struct RampedPair {
  static constexpr std::size_t networks = 2;
  template <class Use>
  void operator()(const Use& use) const {
    auto a = tiny_network(), b = tiny_network({4, 5});
    afd::Distiller distiller{afd::topology::Pair{}, ramped(), a, b};
    use(distiller);
  }
};

}  // namespace

TEST_CASE("a training with ramps that was stopped goes on to the same bits") {
  const afd_test::TempFolder whole, parts;
  afd_test::Quiet quiet;
  afd_test::train_in(RampedPair{}, quiet.options(whole.path()), 0, 1);
  afd_test::train_in(RampedPair{}, quiet.options(parts.path()), 5, 1);
  afd_test::train_in(RampedPair{}, quiet.options(parts.path()), 0, 2);
  CHECK(afd_test::outcome(whole.path()) == afd_test::outcome(parts.path()));
}

TEST_SUITE_END();
