// SPDX-License-Identifier: MIT
#pragma once

// Whether the terms of a strategy can work with what networks return for a batch's inputs, and with its targets: one
// sentence where they cannot. The compiler names the types beside it.

#include <cstddef>
#include <type_traits>

#include <torch/types.h>

#include <afd/detail/for_each_index.hpp>
#include <afd/detail/has_member.hpp>
#include <afd/plan/flow.hpp>

namespace afd::detail {

template <class Reader>
inline constexpr bool reads_features = std::is_same_v<Reader, Features>;
template <std::size_t I>
inline constexpr bool reads_features<Tap<I>> = true;

/// `Out` is what `Network` returns.
template <class Term, class Reader, class Network, class Out>
consteval bool require_read() {
  constexpr bool gives = Reader::template given_by<Out>;
  if constexpr (std::is_same_v<Reader, Logits>) {
    static_assert(gives,
                  "afd: this Term reads the logits of this Network, but Out, which its forward returns, has none: give "
                  "it a member torch::Tensor logits, return the logits alone, or let the term read another member with "
                  "afd::At<&Out::member, Term>");
  } else if constexpr (reads_features<Reader> && std::is_same_v<Out, torch::Tensor>) {
    static_assert(gives,
                  "afd: this Term reads features of this Network, but its forward returns one tensor, which is taken "
                  "for the logits: return afd::Outputs, or adapt the module with afd::extractor_head(extractor, head) "
                  "(afd/network/extractor_head.hpp) or afd::SequentialTap(sequential, \"layer\") "
                  "(afd/network/sequential_tap.hpp)");
  } else if constexpr (reads_features<Reader> && tap_count<Out>() > 0) {
    static_assert(gives,
                  "afd: this Term reads a tap that this Network does not return: taps are counted from 0, and Out has "
                  "fewer, or neither a tensor nor afd::Tokens there; see afd/network/reader.hpp");
  } else if constexpr (reads_features<Reader>) {
    static_assert(gives,
                  "afd: this Term reads features of this Network, but Out, which its forward returns, has none: give "
                  "it a member torch::Tensor features (or afd::Tokens, or an array taps), or let the term read another "
                  "member with afd::At<&Out::member, Term>");
  } else {
    static_assert(gives,
                  "afd: this Term reads with this Reader what Out, which this Network returns, does not have; let it "
                  "read another place with afd::At");
  }
  return gives;
}

/// A misspelt check would be one that nobody calls.
template <class Term, class Read, class Targets>
consteval bool require_checks() {
  constexpr bool check = !HasCheckMember<Term> || TermChecks<Term, Read, Targets>;
  constexpr bool values = !HasCheckValuesMember<Term> || TermChecksValues<Term, Read, Targets>;
  static_assert(check,
                "afd: check of this Term cannot be called as check(read, targets) const with these types, so it would "
                "never be called; see afd/strategy/term.hpp");
  static_assert(values || !check,
                "afd: check_values of this Term cannot be called as check_values(read, targets) const with these "
                "types, so it would never be called; see afd/strategy/term.hpp");
  return check && values;
}

template <class Term, class Network, class Read, class Targets>
consteval bool require_network_term() {
  constexpr bool fits = NetworkTermOf<Term, Read, Targets>;
  static_assert(
      fits,
      "afd: loss of this Term cannot be called as torch::Tensor loss(read, targets) const or loss(read) "
      "const with what it reads of this Network and the batch's targets; the term's Reads, or afd::At, says "
      "what is read, and afd::Against which part of the targets it is given; a term of edges needs view(read); see "
      "afd/strategy/term.hpp");
  if constexpr (fits) return require_checks<Term, Read, Targets>();
  return false;
}

template <class Term, class Network, class Read>
consteval bool require_view() {
  constexpr bool fits = TermViews<Term, Read>;
  static_assert(fits,
                "afd: view of this Term cannot be called as view(read) const with what it reads of this Network; the "
                "term's Reads, or afd::At, says what is read; see afd/strategy/term.hpp");
  return fits;
}

/// A term that could be one of each network, too, would be used as one of edges without a word.
template <class Term, class Read, class View, class Targets>
inline constexpr bool is_two_terms = !std::is_same_v<Read, View> && LossReadsTargets<Term, Read, Targets> &&
                                     !std::is_convertible_v<const Read&, const View&>;

template <class Term, class Read, class Student, class Teacher, class Targets>
consteval bool require_edge_term() {
  constexpr bool fits = EdgeTermOf<Term, Student, Teacher, Targets>;
  constexpr bool is_two = is_two_terms<Term, Read, Student, Targets>;
  static_assert(!is_two,
                "afd: this Term has a loss(outputs, targets) of each network and a view with a loss(student_view, "
                "teacher_view) of each edge: make two terms of it");
  if constexpr (ComparesGroup<Term>) {
    static_assert(fits,
                  "afd: group_loss of this Term cannot be called as torch::Tensor group_loss(student_view, "
                  "std::span<const View> group) const, with or without the targets as the last argument; see "
                  "afd/strategy/term.hpp");
  } else if constexpr (AdversarialTerm<Term>) {
    static_assert(
        fits,
        "afd: this Term has a discriminator on its edges, but not all of fake(edge, student_view), real(edge, "
        "teacher_view), generator_loss(edge, fake), discriminator_loss(edge, real, fake) and losses(edge, "
        "real, fake), const, for these views; see afd/strategy/term.hpp");
  } else if constexpr (TermMakesEdge<Term>) {
    static_assert(fits,
                  "afd: loss of this Term cannot be called as torch::Tensor loss(Edge&, student_view, teacher_view) "
                  "const, with or without the targets as the last argument; see afd/strategy/term.hpp");
  } else {
    static_assert(fits || is_two,
                  "afd: loss of this Term cannot be called as torch::Tensor loss(student_view, teacher_view) const, "
                  "with or without the targets as the last argument; see afd/strategy/term.hpp");
  }
  if constexpr (fits && !is_two) return require_checks<Term, Student, Targets>();
  return false;
}

template <class Plan, class B, std::size_t T, std::size_t K>
consteval bool require_read_of() {
  using F = Flow<Plan, B>;
  using Term = typename Plan::template Term<T>;
  using Network = typename F::template Network<K>;
  using Returns = typename F::template Returns<K>;
  bool fits = true;
  if constexpr (F::template is_student<T, K> || Plan::template has_network_loss<T>(K)) {
    fits = require_read<Term, typename F::template StudentReads<T>, Network, Returns>() && fits;
  }
  if constexpr (F::template is_teacher<T, K> && !(F::template is_student<T, K> && F::template shares_views<T>)) {
    fits = require_read<Term, typename F::template TeacherReads<T>, Network, Returns>() && fits;
  }
  return fits;
}

template <class Plan, class B, std::size_t T, std::size_t K>
consteval bool require_views_of() {
  using F = Flow<Plan, B>;
  using Term = typename Plan::template Term<T>;
  using Network = typename F::template Network<K>;
  bool fits = true;
  if constexpr (F::template is_student<T, K>) {
    fits = require_view<Term, Network, typename F::template StudentRead<T, K>>() && fits;
  }
  if constexpr (F::template is_teacher<T, K> && !(F::template is_student<T, K> && F::template shares_views<T>)) {
    fits = require_view<Term, Network, typename F::template TeacherRead<T, K>>() && fits;
  }
  return fits;
}

template <class Plan, class B, std::size_t T>
consteval bool require_losses_of() {
  using F = Flow<Plan, B>;
  using Term = typename Plan::template Term<T>;
  using Targets = typename F::template TargetsOf<T>;
  bool fits = true;
  if constexpr (Plan::template is_edge_term<T>) {
    for_each_index<Plan::template edge_count<T>>([&](auto e) {
      constexpr Edge edge = Plan::template TermTopology<T>::edges[e];
      fits = require_edge_term<Term, typename F::template StudentRead<T, edge.student>,
                               typename F::template StudentView<T, edge.student>,
                               typename F::template TeacherView<T, edge.teacher>, Targets>() &&
             fits;
    });
  } else {
    for_each_index<Plan::network_count>([&](auto k) {
      if constexpr (Plan::template has_network_loss<T>(k)) {
        fits = require_network_term<Term, typename F::template Network<k>, typename F::template StudentRead<T, k>,
                                    Targets>() &&
               fits;
      }
    });
  }
  return fits;
}

template <class Term, class TargetReads, class Targets>
consteval bool require_target() {
  constexpr bool gives = TargetReads::template given_by<Targets>;
  static_assert(gives,
                "afd: this Term is given with afd::Against a part of the targets that these Targets do not have");
  return gives;
}

/// f(t, k) for every term and network; whether all are true. Asks all, so that every mistake of one kind is found.
template <class Plan, class F>
consteval bool all_of_terms(F f) {
  bool all = true;
  for_each_index<Plan::term_count>(
      [&](auto t) { for_each_index<Plan::network_count>([&](auto k) { all = f(t, k) && all; }); });
  return all;
}

/// A network that no term reads is not run.
template <class Plan, class B, std::size_t K>
consteval bool require_runs() {
  using F = Flow<Plan, B>;
  if constexpr (Plan::is_read(K))
    return require_takes<typename F::template Network<K>, typename F::template Takes<K>>();
  return true;
}

/// Whether a step of this plan can be computed for batches of type B, a BasicBatch.
template <class Plan, class B>
consteval bool require_fit() {
  using F = Flow<Plan, B>;
  constexpr bool views = views_fit<typename B::Inputs, Plan::network_count>;
  static_assert(views,
                "afd: the batch has afd::Views of its samples, but not one for each network: network k takes the k-th "
                "view; make as many views as there are networks");
  if constexpr (views) {
    constexpr bool runs = []<std::size_t... K>(std::index_sequence<K...>) {
      return (require_runs<Plan, B, K>() && ...);
    }(std::make_index_sequence<Plan::network_count>{});
    if constexpr (runs) {
      constexpr bool reads = all_of_terms<Plan>([](auto t, auto k) { return require_read_of<Plan, B, t, k>(); });
      if constexpr (reads) {
        constexpr bool targets = []<std::size_t... T>(std::index_sequence<T...>) {
          return (require_target<typename Plan::template Term<T>, typename F::template TargetReads<T>,
                                 typename B::Targets>() &&
                  ...);
        }(std::make_index_sequence<Plan::term_count>{});
        constexpr bool looks = all_of_terms<Plan>([](auto t, auto k) { return require_views_of<Plan, B, t, k>(); });
        if constexpr (targets && looks) {
          return []<std::size_t... T>(std::index_sequence<T...>) {
            return (require_losses_of<Plan, B, T>() && ...);
          }(std::make_index_sequence<Plan::term_count>{});
        }
      }
    }
  }
  return false;
}

}  // namespace afd::detail
