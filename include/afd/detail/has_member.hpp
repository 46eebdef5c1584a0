// SPDX-License-Identifier: MIT
#pragma once

// Whether a class has a member of some name, be it a function, overloaded, or a template: what it takes is asked later,
// so that a misspelt signature is an error and not a function that nobody calls. Torch-free.

#include <type_traits>

namespace afd::detail {

/// A name that is found in two bases is ambiguous, whatever it is in either.
// NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared takes none
#define AFD_HAS_MEMBER(Concept, member)       \
  struct Concept##Name {                      \
    int member;                               \
  };                                          \
  template <class T>                          \
  struct Concept##Both : T, Concept##Name {}; \
  template <class T>                          \
  concept Concept = std::is_class_v<T> && !std::is_final_v<T> && !requires { &Concept##Both<T>::member; }

AFD_HAS_MEMBER(HasViewMember, view);
AFD_HAS_MEMBER(HasLossMember, loss);
AFD_HAS_MEMBER(HasGroupLossMember, group_loss);
AFD_HAS_MEMBER(HasMakeEdgeMember, make_edge);
AFD_HAS_MEMBER(HasCheckMember, check);
AFD_HAS_MEMBER(HasCheckValuesMember, check_values);
AFD_HAS_MEMBER(HasEnsembleMember, ensemble);

#undef AFD_HAS_MEMBER
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace afd::detail
