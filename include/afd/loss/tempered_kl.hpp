// SPDX-License-Identifier: MIT
#pragma once

// Knowledge transfer between logits: the Kullback-Leibler divergence of two tempered softmaxes.

#include <cmath>

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

inline void require_class_rows(const torch::Tensor& rows, const char* loss) {
  if (rows.dim() == 2) return;
  throw ShapeError(concat(loss, " needs [N, classes], but got shape ", rows.sizes(),
                          "; flatten other dimensions into the batch first"));
}

}  // namespace detail

namespace loss {

/// log softmax(z / T) over the classes: logits [N, classes] -> [N, classes].
/// Compute it once per network and give it to every edge that the network is an end of.
/// Throws ConfigError unless T is positive and finite, ShapeError unless the logits are [N, classes].
[[nodiscard]] inline torch::Tensor tempered_log_probabilities(const torch::Tensor& logits, double temperature) {
  detail::require_temperature(temperature);
  detail::require_class_rows(logits, "tempered_log_probabilities");
  return torch::log_softmax(logits / temperature, 1);
}

/// T^2 * KL(teacher || student) = T^2 / N * sum over samples and classes of p_t (log p_t - log p_s): summed
/// over the classes, averaged over the batch. Both arguments are *log-probabilities* [N, classes] already
/// tempered with the same T; the result is a scalar. A class whose p_t underflows to 0 contributes 0; mask classes
/// with a large negative logit (-1e4), since minus infinity in both networks gives NaN. T^2 keeps the
/// gradient's scale independent of T (Hinton et al., 2015, arXiv 1503.02531). Gradients reach both arguments;
/// detach the teacher outside if it must not learn. Throws ConfigError for a bad T, ShapeError for shapes
/// that differ or are not 2-D, DataError for an empty batch.
[[nodiscard]] inline torch::Tensor tempered_kl(const torch::Tensor& student_log_probabilities,
                                               const torch::Tensor& teacher_log_probabilities, double temperature) {
  detail::require_temperature(temperature);
  detail::require_class_rows(student_log_probabilities, "tempered_kl");
  detail::require_same_shape(student_log_probabilities, teacher_log_probabilities, "tempered_kl",
                             "both networks must see the same batch and the same classes");
  detail::require_not_empty(student_log_probabilities, "tempered_kl");
  const auto batch = static_cast<double>(student_log_probabilities.size(0));
  return torch::kl_div(student_log_probabilities, teacher_log_probabilities, at::Reduction::Sum, /*log_target=*/true) *
         (temperature * temperature / batch);
}

/// tempered_kl of two sets of logits [N, classes]; two softmaxes per call.
[[nodiscard]] inline torch::Tensor tempered_kl_from_logits(const torch::Tensor& student_logits,
                                                           const torch::Tensor& teacher_logits, double temperature) {
  return tempered_kl(tempered_log_probabilities(student_logits, temperature),
                     tempered_log_probabilities(teacher_logits, temperature), temperature);
}

}  // namespace loss
}  // namespace afd
