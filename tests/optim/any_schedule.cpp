// SPDX-License-Identifier: MIT
#include <afd/optim/any_schedule.hpp>
//
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

namespace {

std::map<std::string, std::string> described(const afd::AnySchedule& schedule) {
  std::map<std::string, std::string> all;
  schedule.describe([&](const std::string& key, const std::string& text) { all[key] = text; });
  return all;
}

}  // namespace

TEST_CASE("an empty one changes nothing; any other gives what it was made of") {
  const afd::AnySchedule none;
  CHECK(none.empty());
  CHECK(none({3, 10}) == 1.0);
  const afd::AnySchedule cosine = afd::Cosine{};
  CHECK(cosine);
  CHECK(cosine({5, 10}) == afd::Cosine{}({5, 10}));
  const double peak = 0.25;
  const afd::AnySchedule lambda = [peak](const afd::TrainingProgress& now) { return peak * now.epoch; };
  CHECK(lambda({2, 10}) == 0.5);
  const std::function<double(const afd::TrainingProgress&)> function = [](const auto&) { return 0.125; };
  CHECK(afd::AnySchedule(function)({0, 1}) == 0.125);
  const afd::AnySchedule copy = lambda;
  CHECK(copy({4, 10}) == 1.0);
}

TEST_CASE("schedules are known by what they compute, whatever they hold") {
  const auto slope = [](double by) {
    return afd::AnySchedule([by](const afd::TrainingProgress& now) { return by * now.epoch; });
  };
  CHECK(described(slope(0.5)) == described(slope(0.5)));
  CHECK(described(slope(0.5)) != described(slope(0.25)));
  CHECK(described(afd::MultiStep{{0.3}}) != described(afd::MultiStep{{0.31}}));
  CHECK(described(afd::AnySchedule()).size() == 1);
}

TEST_CASE("numbers that cannot be are refused when a schedule is given, factors that cannot be when it is asked") {
  CHECK_THROWS_AS(afd::AnySchedule(afd::Cosine{.last = -1}), afd::ConfigError);
  const afd::AnySchedule negative = [](const afd::TrainingProgress&) { return -0.5; };
  CHECK_THROWS_WITH_AS(static_cast<void>(negative({3, 10})),
                       doctest::Contains("a schedule gives -0.5 at epoch 3 of 10"), afd::ConfigError);
  const afd::AnySchedule infinite = [](const afd::TrainingProgress&) { return HUGE_VAL; };
  CHECK_THROWS_AS(static_cast<void>(infinite({3, 10})), afd::ConfigError);
}

TEST_SUITE_END();
