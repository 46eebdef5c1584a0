// SPDX-License-Identifier: MIT
#pragma once

// How alike the feature maps of two networks are on the same samples.

#include <cstdint>
#include <limits>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// NaN where it cannot be said.
struct MapSimilarity {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  double l1 = unknown;      ///< mean absolute difference, place by place; of maps of one shape
  double l2 = unknown;      ///< mean squared difference; of maps of one shape
  double cosine = unknown;  ///< of the two maps of a sample, each as one vector, averaged over samples; of one shape
  double cka = unknown;     ///< linear centred kernel alignment, 0 to 1; of any shapes
};

namespace detail {

/// K = X X^T of rows from which their mean is taken, [N, N].
[[nodiscard]] inline torch::Tensor centred_gram(const torch::Tensor& rows) {
  const torch::Tensor centred = rows - rows.mean(0, /*keepdim=*/true);
  return centred.mm(centred.t());
}

}  // namespace detail

/// Of maps [N, ...] of the same N samples. The centred kernel alignment (Kornblith et al., ICML 2019) is
/// <K, L> / (|K| |L|), K and L being the products of all pairs of samples' centred maps: it does not change if either
/// network's maps are turned as vectors or all scaled alike; the other three do. Takes N^2 numbers of memory. Throws
/// ShapeError for another number of samples in one of them, DataError for none.
[[nodiscard]] inline MapSimilarity map_similarity(const torch::Tensor& first, const torch::Tensor& second) {
  if (first.dim() < 1 || second.dim() < 1 || first.size(0) != second.size(0)) {
    throw ShapeError(
        detail::concat("maps of shapes ", first.sizes(), " and ", second.sizes(), " are not of the same samples"));
  }
  if (first.numel() == 0 || second.numel() == 0) throw DataError("there are no maps to compare");
  const torch::NoGradGuard no_grad;
  const auto rows_of = [](const torch::Tensor& maps) {
    return maps.detach().flatten(1).to(torch::kCPU, torch::kDouble);
  };
  const bool is_alike = first.sizes() == second.sizes();
  const torch::Tensor a = rows_of(first.dim() == 1 ? first.unsqueeze(1) : first);
  const torch::Tensor b = rows_of(second.dim() == 1 ? second.unsqueeze(1) : second);
  MapSimilarity similarity;
  if (is_alike) {
    const torch::Tensor difference = a - b;
    similarity.l1 = difference.abs().mean().item<double>();
    similarity.l2 = difference.square().mean().item<double>();
    similarity.cosine = ((a * b).sum(1) / (a.norm(2, 1) * b.norm(2, 1))).mean().item<double>();
  }
  const torch::Tensor k = detail::centred_gram(a), l = detail::centred_gram(b);
  similarity.cka = ((k * l).sum() / (k.norm() * l.norm())).item<double>();
  return similarity;
}

}  // namespace afd
