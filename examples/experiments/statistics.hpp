// SPDX-License-Identifier: MIT
#pragma once

// Means over seeds, and paired differences with their uncertainty.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <Eigen/Core>
#include <boost/math/distributions/students_t.hpp>

namespace experiments {

struct Estimate {
  double mean = 0;
  double deviation = 0;   ///< standard deviation of the values, n - 1 in the denominator; NaN for one
  double half_width = 0;  ///< of the 95 % confidence interval of the mean, by Student's t; NaN for one
  double p = 0;           ///< two-sided, of a mean of 0; NaN for one value or values that are all the same
  std::size_t count = 0;
};

[[nodiscard]] inline Estimate estimate(const std::vector<double>& values) {
  const auto n = static_cast<Eigen::Index>(values.size());
  const Eigen::Map<const Eigen::ArrayXd> all(values.data(), n);
  Estimate result{.mean = n > 0 ? all.mean() : std::nan(""),
                  .deviation = std::nan(""),
                  .half_width = std::nan(""),
                  .p = std::nan(""),
                  .count = values.size()};
  if (n < 2) return result;
  const auto degrees = static_cast<double>(n - 1);
  result.deviation = std::sqrt((all - result.mean).square().sum() / degrees);
  const boost::math::students_t distribution(degrees);
  const double error = result.deviation / std::sqrt(static_cast<double>(n));
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

}  // namespace experiments
