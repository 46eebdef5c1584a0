// SPDX-License-Identifier: MIT
#include "experiments/statistics.hpp"
//
#include <cmath>
#include <vector>

#include "experiments/report_groups.hpp"
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("examples");

using experiments::Estimate;

TEST_CASE("mean, deviation and interval of a sample whose figures are known") {
  // Student's t for 4 degrees of freedom, 97.5 %: 2.776445 (tables). The deviation of 1 to 5 is sqrt(2.5).
  const Estimate all = experiments::estimate({1, 2, 3, 4, 5});
  CHECK(all.count == 5);
  CHECK(all.mean == doctest::Approx(3));
  CHECK(all.deviation == doctest::Approx(std::sqrt(2.5)));
  CHECK(all.half_width == doctest::Approx(2.776445 * std::sqrt(2.5 / 5)).epsilon(1e-6));
}

TEST_CASE("one value has a mean only, none has nothing") {
  CHECK(experiments::estimate({7}).mean == 7);
  CHECK(std::isnan(experiments::estimate({7}).half_width));
  CHECK(std::isnan(experiments::estimate({}).mean));
  CHECK(experiments::estimate({}).count == 0);
}

TEST_CASE("paired differences do not see what both have in common") {
  const Estimate difference = experiments::paired_difference({11, 22, 33}, {10, 20, 30});
  CHECK(difference.mean == doctest::Approx(2));
  CHECK(difference.deviation == doctest::Approx(1));
  // Student's t for 2 degrees of freedom: 4.302653.
  CHECK(difference.half_width == doctest::Approx(4.302653 / std::sqrt(3.0)).epsilon(1e-6));
}

TEST_CASE("the interval holds the true mean in 95 of 100 samples") {
  // 4,000 samples of 5 sums of uniform numbers, from a fixed linear congruential generator.
  std::uint64_t state = 1;
  const auto uniform = [&] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  int held = 0;
  for (int sample = 0; sample < 4000; ++sample) {
    std::vector<double> values(5);
    for (double& value : values) {
      for (int i = 0; i < 12; ++i) value += uniform();
    }
    const Estimate mean = experiments::estimate(values);
    held += std::abs(mean.mean - 6) < mean.half_width ? 1 : 0;
  }
  CHECK(held > 0.94 * 4000);
  CHECK(held < 0.96 * 4000);
}

TEST_CASE("differences between methods use the seeds that both have, averaged over networks") {
  experiments::Group group;
  group.networks = {"a", "b"};
  const auto add = [&](const char* method, std::uint64_t seed, double first, double second) {
    experiments::Result result;
    result.networks.resize(2);
    result.networks[0].last = first;
    result.networks[1].last = second;
    group.methods[method][seed] = result;
  };
  add("x", 1, 10, 20);
  add("x", 2, 11, 21);
  add("x", 3, 99, 99);
  add("y", 1, 9, 17);
  add("y", 2, 9, 19);
  const Estimate both = experiments::contrast(group, "x", "y", {0, 1});
  CHECK(both.count == 2);
  CHECK(both.mean == doctest::Approx(2));
  CHECK(experiments::contrast(group, "x", "y", {1}).mean == doctest::Approx(2.5));
  CHECK(experiments::contrast(group, "x", "z", {0}).count == 0);
}

TEST_CASE("results with the same settings and networks are one comparison; times come from timed cells") {
  const auto result = [](const char* method, std::uint64_t seed, std::int64_t epochs, double seconds) {
    experiments::Result one;
    one.cell = {method, {"a", "b"}, seed};
    one.settings.epochs = epochs;
    one.seconds_per_step = seconds;
    return one;
  };
  const auto groups = experiments::grouped({result("x", 1, 10, 3), result("x", 2, 10, 1), result("x", 3, 10, 2),
                                            result("y", 1, 10, 5), result("x", 1, 20, 9)},
                                           {result("y", 1, 1, 7)});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].methods.at("x").size() == 3);
  CHECK(groups[0].seconds_per_step.at("x") == 2);
  CHECK(groups[0].seconds_per_step.at("y") == 7);
  CHECK(groups[1].methods.count("y") == 0);
}

TEST_SUITE_END();
