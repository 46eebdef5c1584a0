// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from telling its peer's view of a sample from that of other samples.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/discriminator/feature_check.hpp>
#include <afd/error.hpp>
#include <afd/loss/info_nce.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/contrast_layers.hpp>
#include <afd/strategy/term.hpp>
#include <afd/transfer/common_shape.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd {

/// For an edge j -> k, loss::info_nce of the student's projected features s_n of sample n,
///     -1/N sum over n of log( exp(s_n . t_n / T) / sum over m of exp(s_n . t_m / T) ),
/// where t are the teacher's projected features of this batch and of the samples of earlier batches that a memory
/// holds, the oldest of which go first. Features are averaged over their places; a linear layer on each side brings
/// them to `dimension`, at length 1. Averaged over the edges that end at k. Gradients reach network k's extractor and
/// both projections; network j and what is in the memory are constants. The memory changes in training steps only, and
/// is saved with the edge's layers. The first step contrasts its own samples alone: a single one has loss 0. After
/// contrastive representation distillation (Tian et al., ICLR 2020, arXiv 1910.10699), which it is not: that has a
/// binary cross entropy of each pair (NCE) in place of the softmax over all, draws its negatives, of other classes
/// if labels are known, from a bank with an entry for every sample of the data set, and has a second loss of the
/// teacher's features among the student's. The queue of the latest keys, and T, are those of He et al., CVPR 2020
/// (arXiv 1911.05722); here rows stay as they were projected when they came, and samples of the same class are
/// negatives, too.
struct ContrastiveDistillation {
  static constexpr std::string_view name = "contrastive";
  static constexpr Level level = Level::feature;

  using Reads = Features;

  /// The layers of one edge.
  struct Edge {
    ContrastLayers transfer;
  };

  std::int64_t dimension = 128;  ///< of the projections; that of the paper's code
  std::int64_t memory = 4096;    ///< samples it holds; fewer than the data set has, or a sample is its own negative
  double temperature = 0.07;
  double weight = 1.0;

  /// Throws ShapeError for empty shapes, ConfigError for options that cannot be.
  [[nodiscard]] Edge make_edge(FeatureShape student, FeatureShape teacher) const {
    detail::require_features(student, teacher, "ContrastiveDistillation");
    detail::require_contrast_temperature(temperature);
    if (dimension < 1 || memory < 1) {
      throw ConfigError(detail::concat("ContrastiveDistillation: dimension and memory must be at least 1, but are ",
                                       dimension, " and ", memory));
    }
    return {ContrastLayers(student.channels, teacher.channels, dimension, memory)};
  }

  /// Features averaged over their places, [N, C].
  template <detail::FeatureTensor F>
  [[nodiscard]] torch::Tensor view(const F& features) const {
    static_cast<void>(feature_shape(features));  // throws for another rank
    return detail::mean_over_places(channels_first(features));
  }

  [[nodiscard]] torch::Tensor loss(Edge& edge, const torch::Tensor& student, const torch::Tensor& teacher) const {
    ContrastLayersImpl& layers = *edge.transfer;
    const torch::Tensor rows = layers.student(student), theirs = layers.teacher(teacher);
    const torch::Tensor result = loss::info_nce(rows, layers.keys(theirs), temperature, layers.unused(theirs.size(0)));
    if (layers.is_training()) layers.remember(theirs);
    return result;
  }
};

static_assert(EdgeTermOf<ContrastiveDistillation, torch::Tensor, torch::Tensor, torch::Tensor>);
static_assert(TermViews<ContrastiveDistillation, torch::Tensor> && TermViews<ContrastiveDistillation, Tokens>);

}  // namespace afd
