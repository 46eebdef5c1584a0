// SPDX-License-Identifier: MIT
#pragma once

// A strategy: the list of loss terms that a distillation is made of.

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <afd/strategy/against.hpp>
#include <afd/strategy/at.hpp>
#include <afd/strategy/bound_term.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/named.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// What a strategy may list: a LossTerm, or one in wrappers: Over edges or networks of its own, only in Every n-th
/// step, At another place of the outputs, Against a part of the targets, Named.
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

 private:
  std::tuple<Members...> members_;
};

namespace detail {

template <class S>
inline constexpr bool is_strategy = false;
template <class... Members>
inline constexpr bool is_strategy<Strategy<Members...>> = true;

}  // namespace detail
}  // namespace afd
