// SPDX-License-Identifier: MIT
#pragma once

// Medians and quartiles.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace grid {

struct Spread {
  double low = 0;  ///< first quartile
  double median = 0;
  double high = 0;  ///< third quartile
};

[[nodiscard]] inline Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

[[nodiscard]] inline double geometric_mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

}  // namespace grid
