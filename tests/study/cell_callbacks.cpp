// SPDX-License-Identifier: MIT
#include <afd/study/cell_callbacks.hpp>
//
#include <vector>

#include <torch/torch.h>

#include <afd/data/batch.hpp>
#include <afd/network/frozen.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("study");

namespace {

using afd_test::tiny_batch, afd_test::tiny_network, afd_test::state_of, afd_test::same_state;

void shift(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : module.parameters()) parameter += 1;
}

}  // namespace

TEST_CASE("each network has its own best epoch, and goes back to it") {
  auto first = tiny_network(), second = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, first, second};
  using D = decltype(distiller);
  afd::detail::BestWeights<D> best(distiller);
  const auto first_begin = state_of(*first), second_begin = state_of(*second);
  best.on_epoch(afd::EpochEvent<D>{.improved = {true, true}});
  shift(*first);
  shift(*second);
  const auto second_better = state_of(*second);
  best.on_epoch(afd::EpochEvent<D>{.improved = {false, true}});
  shift(*first);
  shift(*second);

  // What it remembers goes on with a training that goes on.
  afd::StateDict state;
  afd::SaveState save(state);
  best.visit_state(save);
  afd::detail::BestWeights<D> resumed(distiller);
  afd::LoadState load(state);
  resumed.visit_state(load);
  resumed.restore();
  CHECK(same_state(*first, first_begin));
  CHECK(same_state(*second, second_better));
  CHECK(!same_state(*second, second_begin));
}

TEST_CASE("networks that are frozen, or were never evaluated, stay as they are") {
  auto teacher = tiny_network(), student = tiny_network();
  afd::Distiller distiller{afd::topology::OneWay{}, afd::DeepMutualLearning{}, afd::frozen(teacher), student};
  using D = decltype(distiller);
  afd::detail::BestWeights<D> best(distiller);
  const auto begin = state_of(*teacher);
  best.on_epoch(afd::EpochEvent<D>{.improved = {true, false}});
  shift(*teacher);
  shift(*student);
  const auto shifted = state_of(*student);
  best.restore();
  CHECK(!same_state(*teacher, begin));
  CHECK(same_state(*student, shifted));
}

TEST_CASE("steps are timed and counted, and the training ends when it is told to") {
  auto first = tiny_network(), second = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, first, second};
  const std::vector<afd::Batch> batches(6, tiny_batch());
  std::vector<double> shares;
  afd::detail::CellWatch<decltype(distiller)> watch([&](double share) {
    shares.push_back(share);
    return shares.size() < 9;
  });
  const auto result = afd::Trainer{distiller, {.epochs = 2}}.fit(batches, watch);
  CHECK(result.stop == afd::StopReason::callback);
  REQUIRE(shares.size() == 9);
  CHECK(shares[5] == 0.5);
  CHECK(shares[8] == 0.75);
  CHECK(watch.seconds_per_step() > 0);
  CHECK(watch.seconds() > 0);
  const auto one = tiny_batch(1);
  const auto forwards =
      static_cast<double>(afd::multiply_adds(first, one.inputs) + afd::multiply_adds(second, one.inputs));
  CHECK(watch.multiply_adds_per_sample() >= forwards);
  CHECK(watch.multiply_adds_per_sample() < 1.5 * forwards);
}

TEST_CASE("a training that goes on amid an epoch is counted, too") {
  auto first = tiny_network(), second = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, first, second};
  using D = decltype(distiller);
  const afd::Batch batch = tiny_batch();
  const auto one = tiny_batch(1);
  const auto forwards =
      static_cast<double>(afd::multiply_adds(first, one.inputs) + afd::multiply_adds(second, one.inputs));
  afd::detail::CellWatch<D> watch([](double) { return true; });
  for (std::int64_t step = 8; step <= 9; ++step) {
    const auto report = distiller.step(batch);
    watch.on_step(afd::StepEvent<D>{.report = report,
                                    .epoch = 0,
                                    .epochs = 1,
                                    .step = step,
                                    .epoch_steps = 9,
                                    .samples = step * batch.inputs.size(0),
                                    .epoch_seconds = 0,
                                    .seconds = 0});
  }
  CHECK(watch.multiply_adds_per_sample() >= forwards);
  CHECK(watch.multiply_adds_per_sample() < 1.5 * forwards);
}

TEST_SUITE_END();
