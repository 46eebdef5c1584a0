// SPDX-License-Identifier: MIT
#pragma once

// Knowledge transfer between logits: the Kullback-Leibler divergence of two tempered softmaxes.

#include <cmath>
#include <cstdint>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/same_shape.hpp>

namespace afd {

namespace detail {

inline void require_temperature(double temperature) {
  if (std::isfinite(temperature) && temperature > 0.0) return;
  throw ConfigError(concat("the temperature must be positive and finite, but is ", temperature,
                           "; 1 leaves the softmax as it is, 3 or 4 are usual"));
}

/// Throws ShapeError unless there are at least two classes, in dimension 1: the softmax over one is always 1.
inline void require_classes(const torch::Tensor& tensor, const char* loss) {
  if (tensor.dim() < 2) {
    throw ShapeError(concat(loss, " needs [N, classes] or [N, classes, ...], but got shape ", tensor.sizes(),
                            "; return a score for each class"));
  }
  if (tensor.size(1) == 1) {
    throw ShapeError(concat(loss, " got one class, dimension 1 of shape ", tensor.sizes(),
                            ", whose probability is always 1; for labels that hold or do not, use ",
                            "afd::MutualBinaryKL"));
  }
}

}  // namespace detail

namespace loss {

/// log softmax(z / T) over the classes, dimension 1: logits [N, classes] or [N, classes, ...], of the same shape.
/// Compute it once per network and give it to every edge that the network is an end of. Token logits [N, L, classes]
/// must be transposed before. Throws ConfigError unless T is positive and finite, ShapeError for another rank and for
/// one class.
[[nodiscard]] inline torch::Tensor tempered_log_probabilities(const torch::Tensor& logits, double temperature) {
  detail::require_temperature(temperature);
  detail::require_classes(logits, "tempered_log_probabilities");
  return torch::log_softmax(logits / temperature, 1);
}

/// T^2 * KL(teacher || student) = T^2 / M * sum over samples, places and classes of p_t (log p_t - log p_s): summed
/// over the classes, averaged over the batch and, for [N, classes, ...], over places: M = N times their number. Both
/// arguments are *log-probabilities* of one shape already tempered with the same T; the result is a scalar. A class
/// whose p_t underflows to 0 contributes 0; mask classes with a large negative logit (-1e4), since minus infinity in
/// both networks gives NaN. T^2 keeps the gradient's scale independent of T (Hinton et al., 2015, arXiv 1503.02531).
/// Gradients reach both arguments; detach the teacher outside if it must not learn. Throws ConfigError for a bad T,
/// ShapeError for shapes that differ or have no classes, DataError for an empty batch.
[[nodiscard]] inline torch::Tensor tempered_kl(const torch::Tensor& student_log_probabilities,
                                               const torch::Tensor& teacher_log_probabilities, double temperature) {
  detail::require_temperature(temperature);
  detail::require_classes(student_log_probabilities, "tempered_kl");
  detail::require_same_shape(student_log_probabilities, teacher_log_probabilities, "tempered_kl",
                             "both networks must see the same batch and the same classes");
  detail::require_not_empty(student_log_probabilities, "tempered_kl");
  const std::int64_t rows = student_log_probabilities.numel() / student_log_probabilities.size(1);
  return torch::kl_div(student_log_probabilities, teacher_log_probabilities, at::Reduction::Sum, /*log_target=*/true) *
         (temperature * temperature / static_cast<double>(rows));
}

/// tempered_kl of two sets of logits, [N, classes] or [N, classes, ...]; two softmaxes per call.
[[nodiscard]] inline torch::Tensor tempered_kl_from_logits(const torch::Tensor& student_logits,
                                                           const torch::Tensor& teacher_logits, double temperature) {
  return tempered_kl(tempered_log_probabilities(student_logits, temperature),
                     tempered_log_probabilities(teacher_logits, temperature), temperature);
}

}  // namespace loss
}  // namespace afd
