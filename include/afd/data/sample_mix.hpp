// SPDX-License-Identifier: MIT
#pragma once

// Which sample of a batch is mixed with which, and how much of each is taken.

#include <cmath>
#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/data/beta_sample.hpp>
#include <afd/data/order.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Not lists: the samples in them may differ in shape.
template <class Inputs>
concept MixableInputs = !TensorList<Inputs>;

/// Row i takes `share` of itself, and the rest of row partners[i].
struct SampleMix {
  double share;
  torch::Tensor partners;  ///< int64 [N], a permutation

  [[nodiscard]] torch::Tensor blend(const torch::Tensor& rows) const {
    return rows.mul(share).add_(rows.index_select(0, partners.to(rows.device())), 1 - share);
  }
};

/// A share from Beta(alpha, alpha), and a random permutation of the samples: one of each for the whole batch. Throws
/// ConfigError, in the name of `who`, unless alpha is positive and finite.
[[nodiscard]] inline SampleMix draw_mix(double alpha, std::int64_t samples, const CounterRng& rng,
                                        std::string_view who) {
  if (!(alpha > 0) || !std::isfinite(alpha)) {
    throw ConfigError(concat(who, "'s alpha is ", alpha,
                             "; it must be positive: near 0 hardly anything is mixed, at 1 "
                             "every share is as likely"));
  }
  const std::uint64_t key = rng.stream(1).bits(0);
  return {beta_sample(alpha, alpha, rng.stream(0)), torch::tensor(permutation(samples, key, 0), torch::kInt64)};
}

}  // namespace afd::detail
