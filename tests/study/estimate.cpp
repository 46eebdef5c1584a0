// SPDX-License-Identifier: MIT
#include <afd/study/estimate.hpp>
//
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("study");

namespace {

afd::Estimate of(const std::vector<double>& values) {
  return afd::estimate(values);
}

/// Sums of twelve uniform numbers less six, about normal, from a fixed linear congruential generator.
class Normals {
 public:
  double next() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      sum += static_cast<double>(state_ >> 11) * 0x1p-53;
    }
    return sum;
  }

 private:
  std::uint64_t state_ = 1;
};

}  // namespace

TEST_CASE("mean, deviation and interval of a sample whose figures are known") {
  // Student's t for 4 degrees of freedom, 97.5 %: 2.776445 (tables). The deviation of 1 to 5 is sqrt(2.5).
  const afd::Estimate all = of({1, 2, 3, 4, 5});
  CHECK(all.count == 5);
  CHECK(all.mean == doctest::Approx(3));
  CHECK(all.deviation == doctest::Approx(std::sqrt(2.5)));
  CHECK(all.half_width == doctest::Approx(2.776445 * std::sqrt(2.5 / 5)).epsilon(1e-6));
}

TEST_CASE("one value has a mean only, none has nothing") {
  CHECK(of({7}).mean == 7);
  CHECK(std::isnan(of({7}).half_width));
  CHECK(std::isnan(of({}).mean));
  CHECK(of({}).count == 0);
}

TEST_CASE("p-values of samples whose figures are known, and Holm's correction of several") {
  // At the tabulated quantile for 4 degrees of freedom the two-sided p is 0.05.
  const double error = std::sqrt(2.5 / 5), shift = 2.776445 * error;
  const auto around = [](double mean) { return of({mean - 2, mean - 1, mean, mean + 1, mean + 2}).p; };
  CHECK(around(shift) == doctest::Approx(0.05).epsilon(1e-5));
  CHECK(around(-shift) == doctest::Approx(0.05).epsilon(1e-5));
  CHECK(around(0) == doctest::Approx(1));
  CHECK(std::isnan(of({1}).p));
  CHECK(std::isnan(of({1, 1}).p));

  // By hand: sorted 0.01, 0.02, 0.03 times 3, 2, 1, never falling.
  const std::vector<double> corrected = afd::holm({0.03, std::nan(""), 0.01, 0.02});
  CHECK(corrected[2] == doctest::Approx(0.03));
  CHECK(corrected[3] == doctest::Approx(0.04));
  CHECK(corrected[0] == doctest::Approx(0.04));
  CHECK(std::isnan(corrected[1]));
  CHECK(afd::holm({0.9, 0.8})[0] == 1);
}

TEST_CASE("the interval holds the true mean in 95 of 100 samples") {
  Normals normals;
  int held = 0;
  for (int sample = 0; sample < 4000; ++sample) {
    std::vector<double> values(5);
    for (double& value : values) value = normals.next();
    const afd::Estimate mean = afd::estimate(values);
    held += std::abs(mean.mean) < mean.half_width ? 1 : 0;
  }
  CHECK(held > 0.94 * 4000);
  CHECK(held < 0.96 * 4000);
}

TEST_CASE("so many values as are said to be needed show a difference in four of five samples, and fewer do not") {
  // Tables of the paired t-test for an effect of one deviation at 0.05 and power 0.8: 10 pairs; of half: 34.
  CHECK(afd::values_needed(1, 1) == std::optional<std::size_t>(10));
  CHECK(afd::values_needed(-0.5, 1) == std::optional<std::size_t>(34));
  CHECK(afd::values_needed(1, 2) == afd::values_needed(-0.5, 1));
  CHECK(*afd::values_needed(1, 1, 0.01) > 10);
  CHECK(*afd::values_needed(1e6, 1) == 2);
  CHECK(!afd::values_needed(1e-6, 1));
  CHECK(!afd::values_needed(0, 1));
  CHECK(!afd::values_needed(std::nan(""), 1));

  Normals normals;
  int shown = 0;
  for (int sample = 0; sample < 2000; ++sample) {
    std::vector<double> values(10);
    for (double& value : values) value = 1 + normals.next();
    shown += afd::estimate(values).p < 0.05 ? 1 : 0;
  }
  CHECK(shown > 0.78 * 2000);
  CHECK(shown < 0.84 * 2000);
}

TEST_SUITE_END();
