// SPDX-License-Identifier: MIT
#pragma once

// What flows through a step for batches of one type, as types: what each network takes and returns, what each term
// reads and compares of it.

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <afd/data/views.hpp>
#include <afd/network/network.hpp>
#include <afd/strategy/bound_term.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/topology.hpp>

namespace afd::detail {

/// Where there is nothing.
struct Nothing {};

/// `B` is a BasicBatch.
template <class Plan, class B>
struct Flow {
  using Batch = B;
  using Inputs = typename B::Inputs;
  using Targets = typename B::Targets;

  template <std::size_t K>
  using Network = std::tuple_element_t<K, typename Plan::Networks>;

  /// What network K takes.
  template <std::size_t K>
  using Takes = std::remove_cvref_t<decltype(inputs_of<K, Plan::network_count>(std::declval<const Inputs&>()))>;

  /// What it returns; nothing if no term reads it, for then it is not run.
  template <std::size_t K>
  static auto returned() {
    if constexpr (Plan::is_read(K)) {
      return std::type_identity<OutputsOf<Network<K>, Takes<K>>>{};
    } else {
      return std::type_identity<Nothing>{};
    }
  }
  template <std::size_t K>
  using Returns = typename decltype(returned<K>())::type;

  template <std::size_t T>
  using StudentReads = typename Plan::template Bound<T>::StudentReads;
  template <std::size_t T>
  using TeacherReads = typename Plan::template Bound<T>::TeacherReads;
  template <std::size_t T>
  using TargetReads = typename Plan::template Bound<T>::TargetReads;

  /// What term T is given of the targets.
  template <std::size_t T>
  using TargetsOf = std::remove_cvref_t<decltype(TargetReads<T>::of(std::declval<const Targets&>()))>;

  /// What it reads of network K, which learns by it.
  template <std::size_t T, std::size_t K>
  using StudentRead = std::remove_cvref_t<decltype(StudentReads<T>::of(std::declval<const Returns<K>&>()))>;
  template <std::size_t T, std::size_t K>
  using TeacherRead = std::remove_cvref_t<decltype(TeacherReads<T>::of(std::declval<const Returns<K>&>()))>;

  /// Whether network K is a student, or a teacher, of term T of edges.
  template <std::size_t T, std::size_t K>
  static constexpr bool is_student = [] {
    if constexpr (Plan::template is_edge_term<T>) return learns<typename Plan::template TermTopology<T>>(K);
    return false;
  }();
  /// Of a group, its own view counts as a teacher's, too.
  template <std::size_t T, std::size_t K>
  static constexpr bool is_teacher = [] {
    if constexpr (Plan::template is_edge_term<T>) {
      return teaches<typename Plan::template TermTopology<T>>(K) ||
             (Plan::template is_group_term<T> && is_student<T, K>);
    }
    return false;
  }();

  template <std::size_t T, std::size_t K>
  static auto student_viewed() {
    if constexpr (is_student<T, K>) {
      return std::type_identity<ViewOf<typename Plan::template Term<T>, StudentRead<T, K>>>{};
    } else {
      return std::type_identity<Nothing>{};
    }
  }
  template <std::size_t T, std::size_t K>
  static auto teacher_viewed() {
    if constexpr (is_teacher<T, K>) {
      return std::type_identity<ViewOf<typename Plan::template Term<T>, TeacherRead<T, K>>>{};
    } else {
      return std::type_identity<Nothing>{};
    }
  }
  template <std::size_t T, std::size_t K>
  using StudentView = typename decltype(student_viewed<T, K>())::type;
  template <std::size_t T, std::size_t K>
  using TeacherView = typename decltype(teacher_viewed<T, K>())::type;

  /// Whether both sides of term T read the same, so that one view of a network serves both.
  template <std::size_t T>
  static constexpr bool shares_views = std::is_same_v<StudentReads<T>, TeacherReads<T>>;
};

}  // namespace afd::detail
