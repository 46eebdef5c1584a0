// SPDX-License-Identifier: MIT
#include <afd/train/score_keeping.hpp>
//
#include <cmath>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

namespace {

using D = decltype(afd::Distiller{afd::topology::Pair{}, afd::Alone{}, std::declval<afd_test::Probe&>(),
                                  std::declval<afd_test::Probe&>()});
using Keeping = afd::detail::ScoreKeeping<D>;

afd::EpochEvent<D> event_of(std::int64_t epoch, double first, double second) {
  afd::EpochEvent<D> event{.epoch = epoch, .epochs = 9};
  event.losses = {0.5, 0.25};
  event.train_seconds = 2;
  event.samples = 10;
  event.scores.emplace();
  event.scores->networks[0] = {.top1 = first, .samples = 10};
  event.scores->networks[1] = {.top1 = second, .samples = 10};
  return event;
}

}  // namespace

TEST_CASE("each network keeps its own best, and an epoch is best by the mean") {
  Keeping::State state;
  auto one = event_of(0, 0.5, 0.9), two = event_of(1, 0.8, 0.5), three = event_of(2, 0.8, 0.8);
  CHECK(Keeping::record(state, one));
  CHECK_FALSE(Keeping::record(state, two));  // 0.65 after 0.7
  CHECK(two.improved[0]);
  CHECK_FALSE(two.improved[1]);
  CHECK(Keeping::record(state, three));
  CHECK(state.result.best[0].epoch == 1);  // the first among equals
  CHECK(state.result.best[1].epoch == 0);
  CHECK(state.result.last[0].epoch == 2);
  CHECK(state.without_progress == 1);
  CHECK(state.result.epochs == 3);
}

TEST_CASE("a row has a value for every column; without scores they are NaN") {
  const auto columns = Keeping::columns();
  auto event = event_of(4, 0.5, 0.9);
  const auto row = Keeping::row(event);
  REQUIRE(row.size() == columns.size());
  CHECK(row[0] == 5);
  CHECK(row[2] == 5);  // images per second
  event.scores.reset();
  CHECK(std::isnan(Keeping::row(event).back()));
}

TEST_SUITE_END();
