// SPDX-License-Identifier: MIT
#pragma once

// Gives a term a name of its own: two terms of one strategy must not have the same.

#include <array>
#include <cstddef>
#include <string_view>

#include <afd/strategy/bound_term.hpp>

namespace afd {

/// A text as a template argument.
template <std::size_t N>
struct TermName {
  std::array<char, N> text{};

  // NOLINTNEXTLINE: implicit, so that Named<"hint", Term> can be written
  constexpr TermName(const char (&characters)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = characters[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text.data(), N - 1}; }

  /// Whether it can be a column of a table: letters, digits and underscores.
  [[nodiscard]] constexpr bool is_word() const {
    for (const char c : view()) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && !(c >= '0' && c <= '9') && c != '_') return false;
    }
    return N > 1;
  }
};

/// Named<"hint", At<0, FeatureL2>>: what report, history and CSV call it. M: a LossTerm, or one in another wrapper.
template <TermName Name, class M>
struct Named {
  static_assert(Name.is_word(), "afd: the name of a term is made of letters, digits and underscores: it names columns");
  static_assert(!detail::BoundTerm<M, void>::has_name, "afd: a term is in Named twice; once is its name");

  M term = {};
};

namespace detail {

template <TermName Name, class M, class DefaultTopology>
struct BoundTerm<Named<Name, M>, DefaultTopology> : WrappedTerm<Named<Name, M>, M, DefaultTopology> {
  static constexpr bool has_name = true;
  static constexpr std::string_view name() { return Name.view(); }
};

}  // namespace detail
}  // namespace afd
