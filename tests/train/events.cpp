// SPDX-License-Identifier: MIT
#include <afd/train/events.hpp>
//
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

namespace {

using D = decltype(afd::Distiller{afd::topology::Pair{}, afd::Alone{}, std::declval<afd::PlainCnn&>(),
                                  std::declval<afd::PlainCnn&>()});

struct OnStep {
  void on_step(const afd::StepEvent<D>&) {}
};
struct OnEpoch {
  bool on_epoch(const afd::EpochEvent<D>&) const { return false; }
};
struct Neither {
  void on_batch() {}
};
const auto function = [](const auto& event) { return event.epoch == 0; };

}  // namespace

static_assert(afd::TrainerCallback<OnStep, D> && !afd::EpochCallback<OnStep, D>);
static_assert(afd::TrainerCallback<OnEpoch, D> && !afd::StepCallback<OnEpoch, D>);
static_assert(afd::TrainerCallback<decltype(function), D>);
static_assert(!afd::TrainerCallback<Neither, D> && !afd::TrainerCallback<int, D>);

TEST_CASE("a callback is told only what it asks for, and only a false ends the training") {
  const afd::EpochEvent<D> first{.epoch = 0}, second{.epoch = 1};
  OnStep silent;
  OnEpoch ends;
  auto asks = function;
  CHECK(afd::detail::tell<OnStep, D>(silent, first));
  CHECK_FALSE(afd::detail::tell<OnEpoch, D>(ends, first));
  CHECK(afd::detail::tell<decltype(asks), D>(asks, first));
  CHECK_FALSE(afd::detail::tell<decltype(asks), D>(asks, second));
}

TEST_SUITE_END();
