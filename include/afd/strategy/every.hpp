// SPDX-License-Identifier: MIT
#pragma once

// Computes a term only now and then.

#include <afd/strategy/over.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// Every<4, Adversarial<>>: the term in the first step and every fourth after it; in between neither its losses nor
/// their gradients are computed, and what only they train rests. The weight is not raised to make up for it. Reports
/// give NaN for losses that were not computed. Not the method of any paper: it trades its signal for time.
/// M: a LossTerm, or a term Over a topology of its own.
template <int N, class M>
struct Every {
  static_assert(N >= 1, "afd: Every<N, Term> needs N >= 1: the term is computed in every N-th step");

  M term = {};
};

namespace detail {

template <int N, class M, class DefaultTopology>
struct BoundTerm<Every<N, M>, DefaultTopology> : BoundTerm<M, DefaultTopology> {
  static constexpr int period = N;
  static const auto& get(const Every<N, M>& member) { return BoundTerm<M, DefaultTopology>::get(member.term); }
};

}  // namespace detail
}  // namespace afd
