// SPDX-License-Identifier: MIT
#pragma once

// How the samples of a batch lie to each other in a network's space of features: distances and angles, which can be
// compared whatever the numbers of channels. W. Park et al., Relational Knowledge Distillation, CVPR 2019 (arXiv
// 1904.05068).

#include <cstdint>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/root.hpp>
#include <afd/loss/same_shape.hpp>

namespace afd {

/// Of the N samples of a batch. Entries that are about fewer than two, or three, samples are 0.
struct Relations {
  torch::Tensor distances;  ///< [N, N], of each pair, divided by their mean
  torch::Tensor angles;     ///< [N, N, N], the cosine at the first sample of the other two; [0] if nobody needs it
};

namespace detail {

inline void require_embeddings(const torch::Tensor& embeddings, bool with_angles) {
  if (!embeddings.defined() || embeddings.dim() != 2) {
    throw ShapeError(concat("relations need a vector of each sample, [N, C], but got ",
                            embeddings.defined() ? concat("shape ", embeddings.sizes()) : "an undefined tensor",
                            "; average features over their places"));
  }
  const std::int64_t samples = embeddings.size(0), least = with_angles ? 3 : 2;
  if (samples >= least) return;
  throw ShapeError(concat("relations of samples: ", with_angles ? "angles need 3" : "distances need 2",
                          " samples in a batch, but it has ", samples, "; leave small last batches out with ",
                          "LoaderOptions{.min_batch = ", least, "}, which counts where it shuffles, or with drop_last",
                          with_angles ? "; distances alone need 2" : ""));
}

}  // namespace detail

namespace loss {

/// The relations of embeddings [N, C]: distances |e_i - e_j| divided by their mean over the pairs of distinct samples,
/// and the cosines of the angles at e_j between e_i and e_k, of all distinct samples. Samples that coincide have no
/// direction: their distance, and every cosine at one towards the other, is 0, and no gradient comes of it. Blind to
/// scale, shift and rotation. Takes memory for N * N * C numbers, and for N * N * N with angles. Throws ShapeError for
/// another rank, and for fewer than 2 samples, 3 with angles.
[[nodiscard]] inline Relations relations(const torch::Tensor& embeddings, bool with_angles = true) {
  detail::require_embeddings(embeddings, with_angles);
  const auto samples = static_cast<double>(embeddings.size(0));
  // Differences and not a product of all with all, whose rounding hides samples that lie close together.
  const torch::Tensor differences = embeddings.unsqueeze(1) - embeddings.unsqueeze(0);
  const torch::Tensor squares = differences.square().sum(2);
  const torch::Tensor distances = detail::root(squares);
  const torch::Tensor mean = distances.sum() / (samples * (samples - 1));
  // The floor makes a batch that lies in one point one without distances, and not NaN.
  const torch::Tensor relative = distances / mean.clamp_min(1e-12);
  if (!with_angles) return {relative, embeddings.new_empty({0})};

  const torch::Tensor same = distances.eq(0);
  const torch::Tensor directions = differences / distances.masked_fill(same, 1).unsqueeze(2);
  const torch::Tensor cosines = directions.bmm(directions.transpose(1, 2));
  const torch::Tensor itself = torch::eye(embeddings.size(0), same.options());
  return {relative, cosines.masked_fill(same.unsqueeze(2).logical_or(same.unsqueeze(1)).logical_or(itself), 0)};
}

/// Mean over the pairs of distinct samples of h(d_s - d_t), where h(x) = x^2 / 2 up to |x| = 1 and |x| - 1/2 beyond:
/// RKD-D of distances [N, N], a scalar. (The paper writes a sum; its code takes a mean over all N * N entries.)
/// Gradients reach both. Throws ShapeError for shapes that differ.
[[nodiscard]] inline torch::Tensor relational_distance(const Relations& student, const Relations& teacher) {
  detail::require_same_shape(student.distances, teacher.distances, "relational_distance",
                             "both networks must see the same samples");
  const auto samples = static_cast<double>(student.distances.size(0));
  return torch::smooth_l1_loss(student.distances, teacher.distances, at::Reduction::Sum) / (samples * (samples - 1));
}

/// The same over the triples of distinct samples: RKD-A of angles [N, N, N].
[[nodiscard]] inline torch::Tensor relational_angle(const Relations& student, const Relations& teacher) {
  detail::require_same_shape(student.angles, teacher.angles, "relational_angle",
                             "both networks must see the same samples");
  detail::require_not_empty(student.angles, "relational_angle");
  const auto samples = static_cast<double>(student.angles.size(0));
  return torch::smooth_l1_loss(student.angles, teacher.angles, at::Reduction::Sum) /
         (samples * (samples - 1) * (samples - 2));
}

}  // namespace loss
}  // namespace afd
