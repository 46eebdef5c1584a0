// SPDX-License-Identifier: MIT
#pragma once

// Calls a term's functions, with targets where it wants them.

#include <span>
#include <vector>

#include <torch/types.h>

#include <afd/strategy/term.hpp>

namespace afd::detail {

/// The loss of one network.
template <class Term, class Read, class Targets>
[[nodiscard]] torch::Tensor loss_of_network(const Term& term, const Read& read, const Targets& targets) {
  if constexpr (LossReadsTargets<Term, Read, Targets>) {
    return term.loss(read, targets);
  } else {
    return term.loss(read);
  }
}

/// The loss of a student and all its teachers: `group` holds their views, its own last.
template <class Term, class View, class Targets>
[[nodiscard]] torch::Tensor loss_of_group(const Term& term, const View& student, const std::vector<View>& group,
                                          const Targets& targets) {
  if constexpr (ComparesGroupOf<Term, View, Targets>) {
    return term.group_loss(student, std::span<const View>(group), targets);
  } else {
    return term.group_loss(student, std::span<const View>(group));
  }
}

/// The loss of an edge that has no discriminator. `layers` are ignored by a term that has none.
template <class Term, class Layers, class Student, class Teacher, class Targets>
[[nodiscard]] torch::Tensor loss_of_edge(const Term& term, [[maybe_unused]] Layers& layers, const Student& student,
                                         const Teacher& teacher, const Targets& targets) {
  if constexpr (ComparesThroughEdge<Term, Student, Teacher, Targets>) {
    return term.loss(layers, student, teacher, targets);
  } else if constexpr (ComparesThroughEdge<Term, Student, Teacher>) {
    return term.loss(layers, student, teacher);
  } else if constexpr (ComparesViews<Term, Student, Teacher, Targets>) {
    return term.loss(student, teacher, targets);
  } else {
    return term.loss(student, teacher);
  }
}

}  // namespace afd::detail
