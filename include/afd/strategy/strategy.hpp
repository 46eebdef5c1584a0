// SPDX-License-Identifier: MIT
#pragma once

// A strategy: the list of loss terms that a distillation is made of.

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <afd/detail/for_each_index.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/strategy/against.hpp>
#include <afd/strategy/at.hpp>
#include <afd/strategy/bound_term.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/named.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/scheduled.hpp>
#include <afd/strategy/term.hpp>
#include <afd/strategy/weighted_edges.hpp>

namespace afd {

/// What a strategy may list: a LossTerm, or one in wrappers: Over edges or networks of its own, only in Every n-th
/// step, At another place of the outputs, Against a part of the targets, Named, Scheduled, with WeightedEdges.
template <class M>
concept StrategyMember = LossTerm<typename detail::BoundTerm<M, void>::Term>;

/// The terms, summed with their weights: Strategy<CrossEntropy, MutualKL, Adversarial<>>, or by value:
/// Strategy{CrossEntropy{}, MutualKL{.temperature = 4}}. A term may occur more than once, with a name for each.
template <class... Members>
class Strategy {
  static_assert(sizeof...(Members) > 0, "afd: a Strategy needs at least one loss term, e.g. afd::CrossEntropy");
  static_assert((detail::require_term<typename detail::BoundTerm<Members, void>::Term>() && ...));

 public:
  static constexpr std::size_t size = sizeof...(Members);

  template <std::size_t I>
  using Member = std::tuple_element_t<I, std::tuple<Members...>>;

  Strategy() = default;
  explicit Strategy(Members... members)
    requires(size > 0)
      : members_(std::move(members)...) {}

  template <std::size_t I>
  [[nodiscard]] const Member<I>& get() const {
    return std::get<I>(members_);
  }
  template <std::size_t I>
  [[nodiscard]] Member<I>& get() {
    return std::get<I>(members_);
  }

 private:
  std::tuple<Members...> members_;
};

namespace detail {

/// Sets the numbers of scheduled terms in `working` to what they are at this point of a training, of those that were
/// given. Throws ConfigError for a schedule that cannot be.
template <class... Members>
void advance(Strategy<Members...>& working, const Strategy<Members...>& given, const TrainingProgress& progress) {
  for_each_index<sizeof...(Members)>([&](auto i) {
    using Bound = BoundTerm<typename Strategy<Members...>::template Member<i>, void>;
    if constexpr (Bound::has_schedule) {
      Bound::advance(working.template get<i>(), given.template get<i>(), progress);
    }
  });
}

/// Whether a term of S has a schedule.
template <class S>
inline constexpr bool has_schedule = false;
template <class... Members>
inline constexpr bool has_schedule<Strategy<Members...>> = (BoundTerm<Members, void>::has_schedule || ...);

template <class S>
inline constexpr bool is_strategy = false;
template <class... Members>
inline constexpr bool is_strategy<Strategy<Members...>> = true;

}  // namespace detail
}  // namespace afd
