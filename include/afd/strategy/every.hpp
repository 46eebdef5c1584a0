// SPDX-License-Identifier: MIT
#pragma once

// Computes a term only now and then.

#include <afd/strategy/bound_term.hpp>

namespace afd {

/// Every<4, Adversarial<>>: the term in the first step and every fourth after it; in between neither its losses nor
/// their gradients are computed, and what only they train rests. The weight is not raised to make up for it. Reports
/// give NaN for losses that were not computed. Not the method of any paper: it trades its signal for time.
/// M: a LossTerm, or one in another wrapper.
template <int N, class M>
struct Every {
  static_assert(N >= 1, "afd: Every<N, Term> needs N >= 1: the term is computed in every N-th step");
  static_assert(!detail::BoundTerm<M, void>::has_every, "afd: a term is in Every twice; once says how often");

  M term = {};
};

namespace detail {

template <int N, class M, class DefaultTopology>
struct BoundTerm<Every<N, M>, DefaultTopology> : WrappedTerm<Every<N, M>, M, DefaultTopology> {
  static constexpr int period = N;
  static constexpr bool has_every = true;
};

}  // namespace detail
}  // namespace afd
