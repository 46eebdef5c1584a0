// SPDX-License-Identifier: MIT
#pragma once

// What a discriminator pays for steep scores: penalties of the gradient of its scores with respect to the features that
// it judges. They are differentiated once more, with respect to the discriminator's parameters.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/root.hpp>
#include <afd/loss/same_shape.hpp>

namespace afd {

/// A penalty is a value that can be copied, and `penalty(scores_of, real, fake)` is a scalar, where
/// `scores_of(features)` are the discriminator's raw scores. Gradients reach what `scores_of` is made of, and neither
/// real nor fake features.
template <class P>
concept GradientPenalty =
    std::copyable<P> &&
    requires(const P& penalty, torch::Tensor (*scores_of)(const torch::Tensor&), const torch::Tensor& features) {
      { penalty(scores_of, features, features) } -> std::same_as<torch::Tensor>;
    };

namespace detail {

inline void require_scores(const torch::Tensor& scores, const torch::Tensor& points) {
  if (scores.dim() < 1 || scores.size(0) != points.size(0)) {
    throw ShapeError(concat("a gradient penalty needs scores of each sample, [N] or [N, ...], but features ",
                            points.sizes(), " have scores ", scores.sizes()));
  }
  require_not_empty(scores, "a gradient penalty");
}

inline void require_slope(bool found) {
  if (found) return;
  throw ConfigError(
      "a gradient penalty: the scores do not depend on the features that are judged; the discriminator's "
      "forward must not run under NoGradGuard or detach its input");
}

inline void require_penalty_weight(double weight) {
  if (std::isfinite(weight) && weight >= 0) return;
  throw ConfigError(concat("the weight of a gradient penalty must be finite and not negative, but is ", weight));
}

}  // namespace detail

namespace loss {

/// |ds/dx|^2 of each sample, [N], at features `points` [N, ...], where s is the mean of the sample's scores and the
/// norm is over all of its features. Only right where a sample's scores depend on that sample alone, which
/// BatchNorm in train mode breaks. Gradients reach what `scores_of` is made of, not the points. In a look without a
/// graph there is none here either. Throws ShapeError for scores that are not of each sample, ConfigError for such as
/// do not depend on the points.
template <class ScoresOf>
[[nodiscard]] torch::Tensor squared_slopes(const ScoresOf& scores_of, const torch::Tensor& points) {
  const bool differentiable = torch::GradMode::is_enabled();
  const torch::AutoGradMode with_graph(true);
  const torch::Tensor at = points.detach().requires_grad_();
  const torch::Tensor scores = scores_of(at);
  detail::require_scores(scores, at);
  detail::require_slope(scores.requires_grad());
  const auto each = static_cast<double>(scores.numel()) / static_cast<double>(scores.size(0));
  const std::vector<torch::Tensor> slopes =
      torch::autograd::grad({scores.sum() / each}, {at}, /*grad_outputs=*/{}, /*retain_graph=*/differentiable,
                            /*create_graph=*/differentiable, /*allow_unused=*/true);
  detail::require_slope(slopes.front().defined());
  return slopes.front().flatten(1).square().sum(1);
}

/// Mean over the samples of |ds/dx|^2: slopes are to vanish.
template <class ScoresOf>
[[nodiscard]] torch::Tensor zero_centred_penalty(const ScoresOf& scores_of, const torch::Tensor& points) {
  return squared_slopes(scores_of, points).mean();
}

/// Mean over the samples of (|ds/dx| - 1)^2: slopes are to be 1, on either side. Where one is 0 there is no gradient.
template <class ScoresOf>
[[nodiscard]] torch::Tensor one_centred_penalty(const ScoresOf& scores_of, const torch::Tensor& points) {
  return (detail::root(squared_slopes(scores_of, points)) - 1).square().mean();
}

/// e real + (1 - e) fake, with one e of each sample, uniform in [0, 1), from LibTorch's random numbers. Shapes
/// [N, ...] must be equal; throws ShapeError otherwise.
[[nodiscard]] inline torch::Tensor interpolates(const torch::Tensor& real, const torch::Tensor& fake) {
  detail::require_same_shape(fake, real, "interpolates", "transfer layers bring both maps to one shape");
  std::vector<std::int64_t> each(static_cast<std::size_t>(real.dim()), 1);
  each.at(0) = real.size(0);
  return torch::lerp(fake, real, torch::rand(each, real.options().requires_grad(false)));
}

}  // namespace loss

/// weight / 2 * mean |ds/dx|^2 at the real maps: R1. Draws nothing, and fits every GAN objective here. Source:
/// Mescheder et al., ICML 2018 (arXiv 1801.04406), with its weight.
struct RealSlopes {
  double weight = 10.0;

  template <class ScoresOf>
  [[nodiscard]] torch::Tensor operator()(const ScoresOf& scores_of, const torch::Tensor& real,
                                         const torch::Tensor& /*fake*/) const {
    detail::require_penalty_weight(weight);
    return weight / 2 * loss::zero_centred_penalty(scores_of, real);
  }
};

/// weight * mean (|ds/dx| - 1)^2 at random places between real and fake maps, each pair by itself: for Wasserstein.
/// Source: Gulrajani et al., 2017 (arXiv 1704.00028), with its weight. In PeerThreads the order in which networks draw
/// random numbers is that of the threads.
struct InterpolatedSlopes {
  double weight = 10.0;

  template <class ScoresOf>
  [[nodiscard]] torch::Tensor operator()(const ScoresOf& scores_of, const torch::Tensor& real,
                                         const torch::Tensor& fake) const {
    detail::require_penalty_weight(weight);
    const torch::Tensor between = loss::interpolates(real.detach(), fake.detach());
    return weight * loss::one_centred_penalty(scores_of, between);
  }
};

static_assert(GradientPenalty<RealSlopes>);
static_assert(GradientPenalty<InterpolatedSlopes>);

}  // namespace afd
