// SPDX-License-Identifier: MIT
#pragma once

// Means over seeds, and paired differences with their uncertainty.

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
  std::size_t count = 0;
};

[[nodiscard]] inline Estimate estimate(const std::vector<double>& values) {
  const auto n = static_cast<Eigen::Index>(values.size());
  const Eigen::Map<const Eigen::ArrayXd> all(values.data(), n);
  Estimate result{.mean = n > 0 ? all.mean() : std::nan(""),
                  .deviation = std::nan(""),
                  .half_width = std::nan(""),
                  .count = values.size()};
  if (n < 2) return result;
  const auto degrees = static_cast<double>(n - 1);
  result.deviation = std::sqrt((all - result.mean).square().sum() / degrees);
  const double t = boost::math::quantile(boost::math::students_t(degrees), 0.975);
  result.half_width = t * result.deviation / std::sqrt(static_cast<double>(n));
  return result;
}

/// Of a[i] - b[i]: the same seed, so the same initial weights and batches.
[[nodiscard]] inline Estimate paired_difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) differences.push_back(a[i] - b[i]);
  return estimate(differences);
}

}  // namespace experiments
