// SPDX-License-Identifier: MIT
#pragma once

// Means over seeds with their uncertainty, and what it takes to be sure. Torch-free; needs Boost.Math.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace afd {

/// The mean of values that are drawn independently, about normally, and how well it is known.
struct Estimate {
  double mean = 0;
  double deviation = 0;   ///< standard deviation of the values, n - 1 in the denominator; NaN for one
  double half_width = 0;  ///< of the 95 % confidence interval of the mean, by Student's t; NaN for one
  double p = 0;           ///< two-sided, of a mean of 0; NaN for one value or values that are all the same
  std::size_t count = 0;
};

/// Everything is NaN for no values.
[[nodiscard]] inline Estimate estimate(std::span<const double> values) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  Estimate result{unknown, unknown, unknown, unknown, values.size()};
  if (values.empty()) return result;
  const auto n = static_cast<double>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(squares / (n - 1));
  const boost::math::students_t distribution(n - 1);
  const double error = result.deviation / std::sqrt(n);
  result.half_width = boost::math::quantile(distribution, 0.975) * error;
  if (error > 0) {
    result.p = 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(result.mean) / error));
  }
  return result;
}

/// Holm's correction of p-values that are looked at together: each is the chance that any of those that small or
/// smaller comes out by chance alone. NaN stays and does not count.
[[nodiscard]] inline std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected = p;
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, p[order[rank]] * static_cast<double>(order.size() - rank)));
    corrected[order[rank]] = largest;
  }
  return corrected;
}

namespace detail {

/// The chance that so many values of this mean and deviation come out with p < alpha, two-sided.
[[nodiscard]] inline double power(double difference, double deviation, std::size_t count, double alpha) {
  const double shift = std::abs(difference) / deviation * std::sqrt(static_cast<double>(count));
  if (!(shift < 100)) return 1;  // numbers are too large for the series
  const auto degrees = static_cast<double>(count - 1);
  const double most = boost::math::quantile(boost::math::students_t(degrees), 1 - alpha / 2);
  const boost::math::non_central_t distribution(degrees, shift);
  return boost::math::cdf(boost::math::complement(distribution, most)) + boost::math::cdf(distribution, -most);
}

inline constexpr double wanted_power = 0.8;

}  // namespace detail

/// How many values a difference of this size would take to come out with p < alpha in four of five such samples, if
/// they deviate by `deviation`; nothing if that is more than `most`, or cannot be said. For `alpha`: 0.05 divided by
/// how many differences are looked at together.
[[nodiscard]] inline std::optional<std::size_t> values_needed(double difference, double deviation, double alpha = 0.05,
                                                              std::size_t most = 10000) {
  if (!std::isfinite(difference) || !std::isfinite(deviation) || difference == 0 || most < 2) return std::nullopt;
  const auto is_enough = [&](std::size_t n) {
    return detail::power(difference, deviation, n, alpha) >= detail::wanted_power;
  };
  if (!is_enough(most)) return std::nullopt;
  std::size_t least = 2, enough = most;
  while (least < enough) {
    const std::size_t middle = least + (enough - least) / 2;
    if (is_enough(middle)) {
      enough = middle;
    } else {
      least = middle + 1;
    }
  }
  return enough;
}

}  // namespace afd
