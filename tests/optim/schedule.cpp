// SPDX-License-Identifier: MIT
#include <afd/optim/schedule.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

using afd::TrainingProgress;
using doctest::Approx;

namespace {

struct NoFactor {
  void operator()(const TrainingProgress&) const {}
};
static_assert(!afd::Schedule<NoFactor>);
static_assert(!afd::Schedule<int>);

}  // namespace

TEST_CASE("Constant never changes") {
  CHECK(afd::Constant{}({0, 10}) == 1);
  CHECK(afd::Constant{}({9.9, 10}) == 1);
}

TEST_CASE("StepDecay multiplies after every so many epochs") {
  const afd::StepDecay schedule{.every = 2, .gamma = 0.5};
  CHECK(schedule({0, 10}) == 1);
  CHECK(schedule({1.99, 10}) == 1);
  CHECK(schedule({2, 10}) == 0.5);
  CHECK(schedule({6.5, 10}) == Approx(0.125));
}

TEST_CASE("MultiStep multiplies at fractions of the training, exactly at the epoch") {
  const afd::MultiStep schedule;
  CHECK(schedule({149.99, 300}) == 1);
  CHECK(schedule({150, 300}) == Approx(0.1));
  CHECK(schedule({225, 300}) == Approx(0.01));
  // 0.7 * 10 is not exactly 7 in binary.
  CHECK(afd::MultiStep{.milestones = {0.7}}({7, 10}) == Approx(0.1));
  CHECK(afd::MultiStep{.milestones = {}}({9, 10}) == 1);
}

TEST_CASE("Cosine falls from 1 to its last value along half a wave") {
  CHECK(afd::Cosine{}({0, 8}) == 1);
  CHECK(afd::Cosine{}({4, 8}) == Approx(0.5));
  CHECK(afd::Cosine{}({2, 8}) == Approx(0.5 * (1 + std::sqrt(0.5))));
  CHECK(afd::Cosine{.last = 0.1}({8, 8}) == Approx(0.1));
  CHECK(afd::Cosine{.last = 0.1}({9, 8}) == Approx(0.1));  // past the end it stays
}

TEST_CASE("LinearWarmup rises to 1 and multiplies another schedule") {
  const afd::LinearWarmup<> plain{.epochs = 4, .first = 0.2};
  CHECK(plain({0, 10}) == Approx(0.2));
  CHECK(plain({2, 10}) == Approx(0.6));
  CHECK(plain({4, 10}) == 1);
  CHECK(plain({7, 10}) == 1);
  const afd::LinearWarmup warm{.epochs = 2, .then = afd::StepDecay{.every = 1, .gamma = 0.5}};
  CHECK(warm({1, 10}) == Approx(0.25));
}

TEST_CASE("CosineRestarts falls again and again, each time for longer") {
  const afd::CosineRestarts restarts{.period = 2, .growth = 2, .last = 0.1};
  const auto at = [&](double epoch) { return restarts({epoch, 100}); };
  CHECK(at(0) == 1.0);
  CHECK(at(1) == doctest::Approx(0.55));
  CHECK(at(1.999) == doctest::Approx(0.1).epsilon(1e-3));
  CHECK(at(2) == 1.0);
  CHECK(at(4) == doctest::Approx(0.55));
  CHECK(at(6) == 1.0);
  CHECK(at(10) == doctest::Approx(0.55));
  CHECK(at(14) == 1.0);
  const afd::CosineRestarts even{.period = 0.1, .growth = 1};
  CHECK(even({0.1 + 0.1 + 0.1, 1}) == doctest::Approx(1.0));  // a sum of fractions is a restart, too
}

TEST_CASE("OneCycle rises and falls in cosines that meet at 1") {
  const afd::OneCycle cycle{.rise = 0.25, .first = 0.2, .last = 0.01};
  const auto at = [&](double epoch) { return cycle({epoch, 100}); };
  CHECK(at(0) == doctest::Approx(0.2));
  CHECK(at(12.5) == doctest::Approx(0.6));
  CHECK(at(25) == doctest::Approx(1.0));
  CHECK(at(24.999999) == doctest::Approx(1.0));
  CHECK(at(62.5) == doctest::Approx(0.505));
  CHECK(at(100) == doctest::Approx(0.01));
  CHECK(at(200) == doctest::Approx(0.01));
}

TEST_CASE("Ramp rises from 0 to 1 and stays, in a line or as a half of a bell") {
  CHECK(afd::Ramp{.epochs = 10}({0, 100}) == 0.0);
  CHECK(afd::Ramp{.epochs = 10}({2.5, 100}) == 0.25);
  CHECK(afd::Ramp{.epochs = 10}({50, 100}) == 1.0);
  const afd::Ramp bell{.epochs = 10, .shape = afd::Ramp::Shape::gaussian};
  CHECK(bell({0, 100}) == doctest::Approx(std::exp(-5.0)));
  CHECK(bell({5, 100}) == doctest::Approx(std::exp(-1.25)));
  CHECK(bell({10, 100}) == 1.0);
}

TEST_CASE("options that cannot work are refused") {
  CHECK_THROWS_AS((afd::CosineRestarts{.period = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::CosineRestarts{.growth = 0.5}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::OneCycle{.rise = 1}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::Ramp{.epochs = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::StepDecay{.every = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::StepDecay{.gamma = -1}.validate()), afd::ConfigError);
  CHECK_THROWS_WITH_AS((afd::MultiStep{.milestones = {150}}.validate()), doctest::Contains("give 0.5"),
                       afd::ConfigError);
  CHECK_THROWS_AS((afd::MultiStep{.gamma = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::Cosine{.last = -0.1}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::LinearWarmup<>{.epochs = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((afd::LinearWarmup{.then = afd::Cosine{.last = -1}}.validate()), afd::ConfigError);
  CHECK_NOTHROW(afd::MultiStep{}.validate());
  CHECK_NOTHROW((afd::LinearWarmup{.then = afd::Cosine{}}.validate()));
}

TEST_SUITE_END();
