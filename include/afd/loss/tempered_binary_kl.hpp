// SPDX-License-Identifier: MIT
#pragma once

// Knowledge transfer between logits of labels that do not exclude each other: the Kullback-Leibler divergence of two
// tempered sigmoids.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/same_shape.hpp>
#include <afd/loss/tempered_kl.hpp>

namespace afd {
namespace loss {

/// log sigmoid(z / T) and log(1 - sigmoid(z / T)), side by side: logits of any shape [N, ...] -> [N, ..., 2]. Neither
/// is a logarithm of a rounded 0. Compute it once per network and give it to every edge that the network is an end of.
/// Throws ConfigError unless T is positive and finite.
[[nodiscard]] inline torch::Tensor tempered_binary_log_probabilities(const torch::Tensor& logits, double temperature) {
  detail::require_temperature(temperature);
  const torch::Tensor tempered = logits / temperature;
  return torch::log_sigmoid(torch::stack({tempered, -tempered}, -1));
}

/// T^2 / M * sum over samples, places and classes of p_t (log p_t - log p_s) + (1 - p_t) (log(1 - p_t) - log(1 - p_s)):
/// the divergence of one class as of a Bernoulli variable, summed over the classes, averaged over the M samples and
/// places. Both arguments are tempered_binary_log_probabilities, [N, classes, ..., 2], or [N, 2] of one logit per
/// sample, with the same T; the result is a scalar. A probability that underflows counts nothing. Gradients reach both
/// arguments. Throws ConfigError for a bad T, ShapeError for shapes that differ or are no pairs, DataError for an empty
/// batch.
[[nodiscard]] inline torch::Tensor tempered_binary_kl(const torch::Tensor& student_log_probabilities,
                                                      const torch::Tensor& teacher_log_probabilities,
                                                      double temperature) {
  constexpr std::string_view loss = "tempered_binary_kl";
  const torch::Tensor &student = student_log_probabilities, &teacher = teacher_log_probabilities;
  detail::require_temperature(temperature);
  if (student.dim() < 2 || student.size(-1) != 2) {
    throw ShapeError(detail::concat(loss, " needs pairs [N, classes, 2], but got shape ", student.sizes(),
                                    "; make them with tempered_binary_log_probabilities(logits, temperature)"));
  }
  detail::require_same_shape(student, teacher, loss, "both networks must see the same batch and the same classes");
  detail::require_not_empty(student, loss);
  const std::int64_t classes = student.dim() > 2 ? student.size(1) : 1;
  const std::int64_t rows = student.numel() / 2 / classes;
  return torch::kl_div(student, teacher, at::Reduction::Sum, /*log_target=*/true) *
         (temperature * temperature / static_cast<double>(rows));
}

}  // namespace loss
}  // namespace afd
