// SPDX-License-Identifier: MIT
#pragma once

// Knowledge transfer between logits that looks at the labels, too: the Kullback-Leibler divergence taken apart into
// what a teacher says of the labelled class and of all others, or taken only where the teacher is right.

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <afd/loss/class_targets.hpp>
#include <afd/loss/same_shape.hpp>
#include <afd/loss/tempered_binary_kl.hpp>
#include <afd/loss/tempered_kl.hpp>

namespace afd {

/// The two parts of a divergence, each a scalar.
struct DecoupledParts {
  torch::Tensor target;  ///< of the labelled class against all others: TCKD, times T^2
  torch::Tensor others;  ///< of the others among themselves: NCKD, times T^2
};

namespace detail {

inline void check_labelled_kl(const torch::Tensor& student, const torch::Tensor& teacher, const torch::Tensor& labels,
                              std::string_view loss) {
  check_class_logits(student, loss);
  require_same_shape(student, teacher, loss, "both networks must see the same batch and the same classes");
  require_not_empty(student, loss);
  require_targets(labels, loss, "int64 labels [N]");
  check_label_form(student, labels, loss, /*soft_too=*/false);
}

/// Logits [N, classes, ...] as [rows, classes], a row for each sample and place.
[[nodiscard]] inline torch::Tensor class_rows(const torch::Tensor& logits) {
  return logits.dim() == 2 ? logits : logits.movedim(1, -1).flatten(0, -2);
}

/// Logits [rows, classes] of all classes but that of each row's label: [rows, classes - 1].
[[nodiscard]] inline torch::Tensor other_classes(const torch::Tensor& logits, const torch::Tensor& labels) {
  const torch::Tensor places = torch::arange(logits.size(1) - 1, labels.options());
  return logits.gather(1, places + places.ge(labels.unsqueeze(1)));
}

/// The divergence of each row, both arguments log-probabilities [rows, ...].
[[nodiscard]] inline torch::Tensor row_kl(const torch::Tensor& student, const torch::Tensor& teacher) {
  return torch::kl_div(student, teacher, at::Reduction::None, /*log_target=*/true).sum(1);
}

/// Tempered logits [rows, classes] as the log-probabilities that DKD compares.
struct DecoupledLogs {
  torch::Tensor target;  ///< of the labelled class and of all others together, [rows, 2]
  torch::Tensor others;  ///< of each other class, if it is none of the labelled one, [rows, classes - 1]

  DecoupledLogs(const torch::Tensor& logits, const torch::Tensor& labels) {
    const torch::Tensor rest = other_classes(logits, labels);
    // The odds of the label: log p - log(1 - p), without the difference 1 - p.
    const torch::Tensor odds = logits.gather(1, labels.unsqueeze(1)).squeeze(1) - rest.logsumexp(1);
    target = loss::tempered_binary_log_probabilities(odds, 1.0);
    others = torch::log_softmax(rest, 1);
  }
};

}  // namespace detail

namespace loss {

/// The parts of T^2 KL(teacher || student) for labels y (Zhao et al., CVPR 2022, arXiv 2203.08679), with tempered
/// probabilities p and, among all classes but y, q_c = p_c / (1 - p_y):
///     target = T^2 mean KL( [p_t,y, 1 - p_t,y] || [p_s,y, 1 - p_s,y] ),     others = T^2 mean KL( q_t || q_s ).
/// The divergence as a whole is target + (1 - p_t,y) others, sample by sample. Means are over the samples, and places
/// of logits [N, classes, ...], whose label is not `ignored`; 0 if there is none. Labels are int64 [N, ...], in range.
/// Gradients reach both networks' logits. Throws ConfigError for a bad T, ShapeError for logits that differ in shape,
/// DataError for labels of a wrong shape or dtype.
[[nodiscard]] inline DecoupledParts decoupled_kl(const torch::Tensor& student_logits,
                                                 const torch::Tensor& teacher_logits, const torch::Tensor& labels,
                                                 double temperature, std::int64_t ignored) {
  detail::require_temperature(temperature);
  detail::check_labelled_kl(student_logits, teacher_logits, labels, "decoupled_kl");
  const torch::Tensor flat = labels.flatten();
  const torch::Tensor has_none = flat.eq(ignored);
  const torch::Tensor safe = flat.masked_fill(has_none, 0);
  const torch::Tensor count = has_none.logical_not().sum().clamp_min(1);
  const detail::DecoupledLogs student(detail::class_rows(student_logits) / temperature, safe);
  const detail::DecoupledLogs teacher(detail::class_rows(teacher_logits) / temperature, safe);
  const auto mean = [&](const torch::Tensor& rows) {
    return rows.masked_fill(has_none, 0).sum() / count * (temperature * temperature);
  };
  return {mean(detail::row_kl(student.target, teacher.target)), mean(detail::row_kl(student.others, teacher.others))};
}

/// T^2 / M * sum of KL(teacher || student) over those of the M samples, and places of logits [N, classes, ...], where
/// the teacher's most probable class is the label, int64 [N, ...]; other samples and those whose label is `ignored`
/// count 0, but do count in M. A scalar. Gradients reach both networks' logits. Throws as decoupled_kl does.
[[nodiscard]] inline torch::Tensor correct_teacher_kl(const torch::Tensor& student_logits,
                                                      const torch::Tensor& teacher_logits, const torch::Tensor& labels,
                                                      double temperature, std::int64_t ignored) {
  detail::require_temperature(temperature);
  detail::check_labelled_kl(student_logits, teacher_logits, labels, "correct_teacher_kl");
  torch::Tensor is_wrong = teacher_logits.argmax(1).ne(labels);
  if (ignored >= 0) is_wrong = is_wrong.logical_or(labels.eq(ignored));  // a negative one is no class of the teacher's
  const torch::Tensor kl = detail::row_kl(tempered_log_probabilities(student_logits, temperature),
                                          tempered_log_probabilities(teacher_logits, temperature));
  return kl.masked_fill(is_wrong, 0).sum() * (temperature * temperature / static_cast<double>(kl.numel()));
}

}  // namespace loss
}  // namespace afd
