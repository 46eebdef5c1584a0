// SPDX-License-Identifier: MIT
#include <afd/train/epoch.hpp>
//
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/train/trainer_state.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

namespace {

using State = afd::detail::TrainerState<1>;

struct EveryStep {
  static constexpr bool computes_all() { return true; }
};
struct NowAndThen {
  static constexpr bool computes_all() { return false; }
};

struct Report {
  Report(const std::vector<double>& values, std::vector<bool> which = {true, true}, bool is_skipped = false)
      : computed(std::move(which)), skipped(is_skipped) {
    for (const double value : values) losses.push_back(torch::tensor(value, torch::kDouble));
  }
  std::vector<torch::Tensor> losses;
  std::vector<bool> computed;
  bool skipped;
  [[nodiscard]] torch::Tensor stacked() const { return torch::stack(losses); }
};
/// Notes what it is told.
struct Told {
  std::vector<std::int64_t> calls;
  void start_epoch(std::int64_t epoch) { calls = {epoch}; }
  void start_epoch(std::int64_t epoch, std::int64_t batch) { calls = {epoch, batch}; }
};
struct ToldEpochs {
  std::vector<std::int64_t> calls;
  void start_epoch(std::int64_t epoch) { calls = {epoch}; }
};

}  // namespace

TEST_CASE("a source is told where to begin; one that cannot enter half-way is to be walked, with its random numbers") {
  State state;
  state.epoch = 3;
  std::optional<afd::detail::RandomNumbersGuard> walking;
  Told told;
  state.step = 2;
  CHECK(afd::detail::enter_epoch(told, state, walking) == 0);
  CHECK(told.calls == std::vector<std::int64_t>{3, 2});
  CHECK_FALSE(walking);

  ToldEpochs walked;
  state.step = 0;
  torch::manual_seed(1);
  CHECK(afd::detail::enter_epoch(walked, state, walking) == 0);
  const torch::Tensor drawn = torch::randn({2});
  state.step = 2;
  torch::manual_seed(9);
  const torch::Tensor after = torch::randn({2});
  torch::manual_seed(9);
  CHECK(afd::detail::enter_epoch(walked, state, walking) == 2);
  CHECK(walked.calls == std::vector<std::int64_t>{3});
  CHECK(walking);
  CHECK(torch::equal(torch::randn({2}), drawn));  // as when the epoch began
  walking.reset();
  CHECK(torch::equal(torch::randn({2}), after));  // and as now, once it is walked
}

TEST_CASE("an epoch without batches, or with fewer than were trained on, is an error") {
  State state;
  CHECK_THROWS_AS(afd::detail::require_batches(state, 0), afd::DataError);
  state.step = 5;
  CHECK_NOTHROW(afd::detail::require_batches(state, 0));
  CHECK_THROWS_WITH_AS(afd::detail::require_batches(state, 2), doctest::Contains("gave only 3 batches, but 5"),
                       afd::DataError);
}

TEST_CASE("means are over the steps that were not skipped, and over those that computed a loss") {
  State state;
  CHECK(std::isnan(afd::detail::mean_losses(state, 2)[1]));
  for (const Report& report : {Report{{1, 10}}, Report{{5, 5}, {true, true}, true}, Report{{3, 20}}}) {
    ++state.step;
    afd::detail::add_losses<EveryStep>(state, report);
  }
  CHECK(state.skipped == 1);
  CHECK(afd::detail::mean_losses(state, 2) == std::vector<double>{2, 15});

  State seldom;
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (const Report& report : {Report{{1, 10}}, Report{{2, none}, {true, false}}, Report{{3, 30}}}) {
    ++seldom.step;
    afd::detail::add_losses<NowAndThen>(seldom, report);
  }
  CHECK(afd::detail::mean_losses(seldom, 2) == std::vector<double>{2, 20});
  // A loss that was computed and is no number is one of a training that diverges.
  afd::detail::add_losses<NowAndThen>(seldom, Report{{none, 1}});
  CHECK(std::isnan(afd::detail::mean_losses(seldom, 2)[0]));
}

TEST_SUITE_END();
