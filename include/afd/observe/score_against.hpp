// SPDX-License-Identifier: MIT
#pragma once

// Lets a score read one part of a batch's targets: what afd::Against is to loss terms.

#include <afd/detail/has_member.hpp>
#include <afd/observe/score.hpp>
#include <afd/strategy/against.hpp>

namespace afd {

/// ScoreAgainst<&Truth::labels, Classification>: the score is given that member of targets that are a struct;
/// ScoreAgainst<0, Classification>, the first element of a tuple. Results are those of S.
template <auto Where, class S>
struct ScoreAgainst : S {
  using Part = typename detail::TargetAt<Where>::type;

  template <class View, class Targets>
    requires(Part::template given_by<Targets> &&
             requires(S& score, const View& view, const Targets& targets) { score.add(view, Part::of(targets)); })
  void add(const View& view, const Targets& targets) {
    S::add(view, Part::of(targets));
  }
};

/// Of a score that checks its targets.
template <auto Where, class S>
  requires detail::HasCheckMember<S>
struct ScoreAgainst<Where, S> : S {
  using Part = typename detail::TargetAt<Where>::type;

  template <class View, class Targets>
    requires(Part::template given_by<Targets> &&
             requires(S& score, const View& view, const Targets& targets) { score.add(view, Part::of(targets)); })
  void add(const View& view, const Targets& targets) {
    S::add(view, Part::of(targets));
  }
  template <class Read, class Targets>
    requires(Part::template given_by<Targets> &&
             requires(const S& score, const Read& read, const Targets& targets) {
               score.check(read, Part::of(targets));
             })
  void check(const Read& read, const Targets& targets) const {
    S::check(read, Part::of(targets));
  }
};

}  // namespace afd
