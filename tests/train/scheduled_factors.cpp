// SPDX-License-Identifier: MIT
#include <afd/train/scheduled_factors.hpp>
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

namespace {

const auto half = [](const afd::TrainingProgress&) { return 0.5; };
const auto tenth = [](const afd::TrainingProgress&) { return 0.1; };

/// What a training's history says of a column.
template <class Options>
std::vector<double> column(const Options& options, const char* name) {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch()};
  return afd::Trainer{distiller, options}.fit(batches, batches).history.column(name);
}

/// Gives batches without saying how many.
struct Unsized {
  std::vector<afd::Batch> batches;
  [[nodiscard]] std::vector<afd::Batch>::const_iterator begin() const { return batches.begin(); }
  struct End {
    std::vector<afd::Batch>::const_iterator at;
    friend bool operator==(const std::vector<afd::Batch>::const_iterator& it, const End& end) { return it == end.at; }
  };
  [[nodiscard]] End end() const { return {batches.end()}; }
};

}  // namespace

TEST_CASE("one schedule sets all rates, others take its place, and those of networks and a plateau multiply") {
  const afd::TrainerOptions options{
      .schedule = half, .feature_schedule = tenth, .network_schedules = {afd::Constant{}, half}};
  const auto factors = afd::detail::scheduled_factors<2>(options, {0, 1}, 0.5);
  CHECK(factors[0] == afd::RateFactors{.logit = 0.25, .feature = 0.05, .discriminator = 0.25});
  CHECK(factors[1] == afd::RateFactors{.logit = 0.125, .feature = 0.025, .discriminator = 0.125});
  CHECK(afd::detail::scheduled_factors<1>(afd::TrainerOptions{}, {3, 9}, 1.0)[0] == afd::RateFactors{});
}

TEST_CASE("the history has the rates of each epoch's last step") {
  const std::vector<double> cosine =
      column(afd::TrainerOptions{.epochs = 2, .schedule = afd::Cosine{}}, "logit_rate_1");
  REQUIRE(cosine.size() == 2);
  CHECK(cosine[0] == doctest::Approx(0.1 * afd::Cosine{}({0.5, 2})));
  CHECK(cosine[1] == doctest::Approx(0.1 * afd::Cosine{}({1.5, 2})));
  CHECK(column(afd::TrainerOptions{.epochs = 1, .schedule = half}, "feature_rate_0")[0] == 1e-5);
  CHECK(column(afd::TrainerOptions{.epochs = 1, .schedule = half}, "discriminator_rate_0")[0] == 1e-5);
}

TEST_CASE("options are given in braces, schedules of any type among them") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch()};
  CHECK(afd::Trainer{distiller, {.epochs = 2, .schedule = afd::Cosine{}}}.fit(batches).epochs == 2);
}

TEST_CASE("a schedule of rates that nobody has is refused") {
  Probe a, b;
  afd::Distiller alone{afd::topology::Pair{}, afd::Alone{}, a, b};
  CHECK_THROWS_WITH_AS((afd::Trainer{alone, {.feature_schedule = afd::Cosine{}}}),
                       doctest::Contains("feature_schedule is for updates by feature losses"), afd::ConfigError);
  CHECK_THROWS_WITH_AS((afd::Trainer{alone, {.discriminator_schedule = afd::Cosine{}}}),
                       doctest::Contains("discriminator_schedule is for discriminators"), afd::ConfigError);
  CHECK_NOTHROW((afd::Trainer{alone, {.schedule = afd::Cosine{}, .logit_schedule = afd::Constant{}}}));
}

TEST_CASE("the user's factors stay beside the trainer's") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch()};
  const auto result = afd::Trainer{distiller, {.epochs = 3, .schedule = half}}.fit(batches, [&](const auto& event) {
    if (event.epoch == 0) distiller.scale_rates({.logit = 0.5});
  });
  CHECK(result.history.column("logit_rate_0") == std::vector<double>{0.05, 0.025, 0.025});
}

TEST_CASE("where nobody knows how long an epoch is, a warmup trains in the first one, too") {
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const Unsized source{{afd_test::tiny_batch(), afd_test::tiny_batch()}};
  REQUIRE_FALSE(afd::batch_count(source));
  const auto result = afd::Trainer{distiller, {.epochs = 2, .schedule = afd::LinearWarmup{.epochs = 2}}}.fit(source);
  CHECK(result.history.column("logit_rate_0")[0] == doctest::Approx(0.025));
  CHECK(result.history.column("logit_rate_0")[1] == doctest::Approx(0.075));
}

TEST_CASE("what optimizers have gathered when an epoch ends is an update, and the next epoch begins anew") {
  // Five batches an epoch, an update every third: the second of an epoch is made of two.
  const auto train = [](std::int64_t accumulate, std::vector<afd::Batch> batches) {
    torch::manual_seed(3);
    Probe a, b;
    afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{},
                             afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.1, .accumulate = accumulate}}, a, b};
    std::vector<std::int64_t> updates;
    afd::Trainer{distiller, {.epochs = 2}}.fit(batches, [&](const auto&) {
      updates.push_back(distiller.state().template get<std::int64_t>("logit optimizer 0/steps/network 0/head.bias"));
    });
    return updates;
  };
  torch::manual_seed(1);
  std::vector<afd::Batch> batches;
  for (int i = 0; i < 5; ++i) batches.push_back(afd_test::tiny_batch());
  CHECK(train(3, batches) == std::vector<std::int64_t>{2, 4});
  CHECK(train(1, batches) == std::vector<std::int64_t>{5, 10});
}

TEST_CASE("a plateau lowers the rates, and goes on where it was") {
  const afd_test::TempFolder whole, parts;
  afd_test::Quiet quiet;
  const auto train = [&](const std::filesystem::path& folder, int stop_after, std::uint64_t seed) {
    torch::manual_seed(seed);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
    afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, afd::DistillerOptions{.logit = afd::Sgd{.lr = 1e-9}},
                             a, b};  // no progress
    return afd::Trainer{distiller, afd::TrainerOptions{.epochs = 6,
                                                       .plateau = {.factor = 0.5, .patience = 1},
                                                       .checkpoint = quiet.options(folder)}}
        .fit(afd_test::train_source(), afd_test::test_source(), afd_test::StopAfter{stop_after})
        .history.column("logit_rate_0");
  };
  const std::vector<double> rates = train(whole.path(), 0, 1);
  CHECK(rates == std::vector<double>{1e-9, 1e-9, 1e-9, 0.5e-9, 0.5e-9, 0.25e-9});
  train(parts.path(), 14, 1);
  CHECK(train(parts.path(), 0, 2) == rates);
  CHECK(afd_test::outcome(whole.path()) == afd_test::outcome(parts.path()));
}

TEST_CASE("a training that goes on for longer says what becomes of its schedules, and can keep to them") {
  const auto train = [](const std::filesystem::path& folder, std::int64_t epochs, std::int64_t schedule_epochs) {
    afd_test::Quiet quiet;
    torch::manual_seed(1);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
    afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
    const auto result = afd::Trainer{distiller, afd::TrainerOptions{.epochs = epochs,
                                                                    .schedule = afd::Cosine{.last = 0.25},
                                                                    .schedule_epochs = schedule_epochs,
                                                                    .checkpoint = quiet.options(folder)}}
                            .fit(afd_test::train_source(), afd_test::test_source());
    return std::pair(result.history.column("logit_rate_0"), quiet.said);
  };
  const afd_test::TempFolder jumps, keeps;
  for (const afd_test::TempFolder* folder : {&jumps, &keeps}) train(folder->path(), 2, 0);
  const auto [jumped, said] = train(jumps.path(), 4, 0);
  CHECK(jumped[2] == doctest::Approx(0.1 * afd::Cosine{.last = 0.25}({2.75, 4})));
  bool told = false;
  for (const std::string& text : said) {
    told = told || text.find("schedules are of 4 epochs here, and were of 2: the factor is 0.625") != std::string::npos;
  }
  CHECK(told);
  const auto [kept, nothing] = train(keeps.path(), 4, 2);
  CHECK(kept[2] == doctest::Approx(0.025));
  for (const std::string& text : nothing) CHECK(text.find("schedules are of") == std::string::npos);
}

TEST_SUITE_END();
