// SPDX-License-Identifier: MIT
#pragma once

// Lets a term read one part of a batch's targets: an element of a tuple, or a member of a struct of the user's.

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include <afd/strategy/bound_term.hpp>

namespace afd {

namespace detail {

/// Element I of a tuple, pair or array of targets.
template <std::size_t I>
struct TargetElement {
  template <class Targets>
  static constexpr bool given_by = requires { requires I < std::tuple_size<Targets>::value; };
  template <class Targets>
  [[nodiscard]] static const auto& of(const Targets& targets) {
    return std::get<I>(targets);
  }
};

template <auto Pointer>
struct TargetMember {
  template <class Targets>
  static constexpr bool given_by = requires(const Targets& targets) { targets.*Pointer; };
  template <class Targets>
  [[nodiscard]] static const auto& of(const Targets& targets) {
    return targets.*Pointer;
  }
};

template <auto Where>
struct TargetAt {
  static constexpr bool known = std::is_member_object_pointer_v<decltype(Where)>;
  static_assert(known,
                "afd: Against<Where, Term> needs the number of an element of the targets, or a pointer to a member of "
                "them (&Truth::labels)");
  using type = TargetMember<Where>;
};
template <auto Where>
  requires std::integral<decltype(Where)>
struct TargetAt<Where> {
  static_assert(Where >= 0, "afd: Against<Where, Term>: elements are counted from 0");
  using type = TargetElement<static_cast<std::size_t>(Where)>;
};

}  // namespace detail

/// Against<0, CrossEntropy>: the term is given the first element of the targets, which are a tuple.
/// Against<&Truth::labels, CrossEntropy>: that member of a struct. M: a LossTerm, or one in another wrapper.
template <auto Where, class M>
struct Against {
  static_assert(!detail::BoundTerm<M, void>::has_against, "afd: a term is in Against twice; once says what it learns");

  M term = {};
};

namespace detail {

template <auto Where, class M, class DefaultTopology>
struct BoundTerm<Against<Where, M>, DefaultTopology> : WrappedTerm<Against<Where, M>, M, DefaultTopology> {
  using TargetReads = typename TargetAt<Where>::type;
  static constexpr bool has_against = true;
};

}  // namespace detail
}  // namespace afd
