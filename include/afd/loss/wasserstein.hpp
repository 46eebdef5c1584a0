// SPDX-License-Identifier: MIT
#pragma once

// A GAN objective that compares means of scores, for discriminators whose slope is kept near 1.

#include <string_view>

#include <torch/types.h>

#include <afd/loss/gan.hpp>

namespace afd {

/// The distance of two distributions as a critic of slope 1 sees it:
///     L_D = mean s_fake - mean s_real,     L_G = -mean s_fake.
/// Unbounded below for both: something else must keep the slope, as Penalised<Game, InterpolatedSlopes> does. A score
/// has no threshold between real and fake, so that games' health says little. Source: Arjovsky et al., ICML 2017 (arXiv
/// 1701.07875).
struct Wasserstein {
  static constexpr std::string_view name = "wasserstein";

  [[nodiscard]] torch::Tensor discriminator(const torch::Tensor& real_scores, const torch::Tensor& fake_scores) const {
    return fake_scores.mean() - real_scores.mean();
  }

  [[nodiscard]] torch::Tensor generator(const torch::Tensor& fake_scores) const { return -fake_scores.mean(); }
};

static_assert(GanLoss<Wasserstein>);

}  // namespace afd
