// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from how a peer sees the samples of a batch beside each other.

#include <cmath>
#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/discriminator/feature_check.hpp>
#include <afd/error.hpp>
#include <afd/loss/relations.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd {

/// distance * RKD-D + angle * RKD-A for an edge j -> k: the Huber distance of the two networks' relations between the
/// samples of a batch, loss::relational_distance and loss::relational_angle, averaged over the edges that end at k. For
/// any two numbers of channels, without layers of its own. What is related are embeddings, as in the paper, which takes
/// the last pooling: features [N, C, ...] and tokens are averaged over their places. A batch needs 3 samples, 2 without
/// angles; ShapeError otherwise, and at the first batch already.
/// Source: Park et al., CVPR 2019 (arXiv 1904.05068). The paper's are distances over their mean, the Huber loss and the
/// ratio 1 : 2 of the two; means in place of sums are its code's. A weight of 25, so that the factors are 25 and 50, is
/// usual for image classification.
struct RelationalKD {
  static constexpr std::string_view name = "relational_kd";
  static constexpr Level level = Level::feature;

  using Reads = Features;

  double distance = 1.0;  ///< factor of the part of distances
  double angle = 2.0;     ///< factor of the part of angles; 0: they are not computed
  double weight = 25.0;

  /// The relations of one network's samples. Throws ConfigError for factors that are negative, not finite or both 0.
  template <detail::FeatureTensor F>
  [[nodiscard]] Relations view(const F& features) const {
    if (!(distance >= 0) || !(angle >= 0) || !(distance + angle > 0) || !std::isfinite(distance + angle)) {
      throw ConfigError(detail::concat("the factors of distances and angles must be finite and not negative, and one ",
                                       "of them more than 0, but they are ", distance, " and ", angle));
    }
    static_cast<void>(feature_shape(features));  // throws for another rank
    return loss::relations(detail::mean_over_places(channels_first(features)), angle > 0);
  }

  [[nodiscard]] torch::Tensor loss(const Relations& student, const Relations& teacher) const {
    const torch::Tensor of_distances = distance * loss::relational_distance(student, teacher);
    return angle > 0 ? of_distances + angle * loss::relational_angle(student, teacher) : of_distances;
  }
};

static_assert(EdgeTermOf<RelationalKD, Relations, Relations, torch::Tensor>);
static_assert(TermViews<RelationalKD, torch::Tensor> && TermViews<RelationalKD, Tokens>);

}  // namespace afd
