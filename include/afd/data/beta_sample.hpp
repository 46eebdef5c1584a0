// SPDX-License-Identifier: MIT
#pragma once

// A random number with a beta distribution, looked up like all others: see CounterRng. Torch-free.

#include <cmath>
#include <cstdint>
#include <numbers>

#include <afd/data/order.hpp>

namespace afd::detail {

/// Draws for one sample, one after the other. The standard library's distributions differ from platform to platform.
class GammaDraws {
 public:
  GammaDraws(const CounterRng& rng, std::int64_t sample) : rng_(rng), sample_(sample) {}

  /// The logarithm of a variate of Gamma(shape, 1), shape > 0: variates of a small shape themselves underflow.
  /// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000.
  [[nodiscard]] double log_gamma(double shape) {
    if (shape < 1) {
      const double above = log_gamma(shape + 1);  // on its own: which operand of + is drawn first is not settled
      return above + std::log(positive_unit()) / shape;
    }
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    while (true) {
      const double x = normal();
      const double root = 1 + c * x;
      if (root <= 0) continue;
      const double v = root * root * root;
      if (std::log(positive_unit()) < x * x / 2 + d * (1 - v + std::log(v))) return std::log(d) + std::log(v);
    }
  }

 private:
  [[nodiscard]] double positive_unit() { return 1 - rng_.unit(sample_, draw_++); }  // in (0, 1]

  /// Standard normal, after Box and Muller.
  [[nodiscard]] double normal() {
    const double radius = std::sqrt(-2 * std::log(positive_unit()));
    return radius * std::cos(2 * std::numbers::pi * positive_unit());
  }

  CounterRng rng_;
  std::int64_t sample_;
  std::uint64_t draw_ = 0;
};

/// A variate of Beta(a, b), both positive, in [0, 1]: a function of the generator and the sample alone.
[[nodiscard]] inline double beta_sample(double a, double b, const CounterRng& rng, std::int64_t sample = 0) {
  GammaDraws draws(rng, sample);
  const double first = draws.log_gamma(a);
  const double second = draws.log_gamma(b);
  return 1 / (1 + std::exp(second - first));
}

}  // namespace afd::detail
