// SPDX-License-Identifier: MIT
#pragma once

// What the two sides of an edge can be compared as. Only what follows from the shapes is done: nothing is guessed.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd::detail {

/// All three are channels first.
struct CommonShape {
  FeatureShape student;  ///< its features as they are taken: tokens on a grid, if the teacher's have one
  FeatureShape teacher;
  FeatureShape output;  ///< of both sides after pooling and convolution
};

/// Throws ShapeError if either shape is empty.
inline void require_features(const FeatureShape& student, const FeatureShape& teacher, std::string_view who) {
  if (!student.empty() && !teacher.empty()) return;
  throw ShapeError(concat(who, " cannot be made for features of shape ", student, " and ", teacher,
                          "; take the shapes from real ones with afd::feature_shape(features)"));
}

/// The one grid of so many places that is as high to its width as `map`.
[[nodiscard]] inline std::optional<FeatureShape> similar_grid(const FeatureShape& tokens, const FeatureShape& map) {
  const std::int64_t divisor = std::gcd(map.sides[0], map.sides[1]);
  const std::int64_t height = map.sides[0] / divisor, width = map.sides[1] / divisor;  // of the smallest such grid
  const auto scale =
      std::llround(std::sqrt(static_cast<double>(tokens.places()) / static_cast<double>(height * width)));
  if (scale * scale * height * width != tokens.places()) return std::nullopt;
  return FeatureShape(tokens.channels, {scale * height, scale * width});
}

/// `tokens` as features that can be compared with `other`, which is no vector; nothing if that cannot be told.
[[nodiscard]] inline std::optional<FeatureShape> tokens_taken_for(const FeatureShape& tokens,
                                                                  const FeatureShape& other) {
  if (tokens.rank == 2 && (other.rank != 1 || other.tokens)) return channels_first(tokens);  // a map
  if (tokens.places() == other.places()) {
    FeatureShape taken = channels_first(other);
    taken.channels = tokens.channels;
    return taken;
  }
  if (other.rank != 2 || other.tokens) return std::nullopt;
  return similar_grid(tokens, other);
}

/// What to do about two shapes that do not fit together.
[[nodiscard]] inline std::string_view fitting_advice(const FeatureShape& student, const FeatureShape& teacher) {
  const bool maps_or_tokens = (student.tokens || student.rank == 2) && (teacher.tokens || teacher.rank == 2);
  if ((student.tokens || teacher.tokens) && maps_or_tokens) {
    return "declare their grid: afd::Tokens{x, height, width}; leave a class token out with x.slice(1, 1)";
  }
  if ((student.tokens && teacher.rank == 1) || (teacher.tokens && student.rank == 1)) {
    return "tokens and a sequence need the same length; pool one of them in its network's forward, or leave a class "
           "token out with x.slice(1, 1)";
  }
  if ((student.rank == 1 && !student.tokens) || (teacher.rank == 1 && !teacher.tokens)) {
    return "if [N, L, C] are tokens, return afd::Tokens{x} in place of the tensor; else flatten or pool one of them in "
           "its network's forward, or tap another stage";
  }
  return "flatten or pool one of them in its network's forward, or tap another stage";
}

/// Where both have places, those of the smaller side in each dimension; else none. Throws ShapeError, with `who` in
/// it, for an empty shape and for two that cannot be compared.
[[nodiscard]] inline CommonShape common_shape(const FeatureShape& student, const FeatureShape& teacher,
                                              std::int64_t channels, std::string_view who) {
  require_features(student, teacher, who);
  CommonShape common{channels_first(student), channels_first(teacher), FeatureShape(channels, {})};
  if (student.rank == 0 || teacher.rank == 0) return common;
  const auto taken_student = student.tokens ? tokens_taken_for(student, teacher) : common.student;
  const auto taken_teacher = teacher.tokens ? tokens_taken_for(teacher, student) : common.teacher;
  if (!taken_student || !taken_teacher || taken_student->rank != taken_teacher->rank) {
    throw ShapeError(concat(who, ": the student's features ", student, " and the teacher's ", teacher,
                            " cannot be compared place by place; ", fitting_advice(student, teacher)));
  }
  common.student = *taken_student;
  common.teacher = *taken_teacher;
  common.output.rank = common.student.rank;
  for (std::size_t i = 0; i < common.output.rank; ++i) {
    common.output.sides[i] = std::min(common.student.sides[i], common.teacher.sides[i]);
  }
  return common;
}

}  // namespace afd::detail
