// SPDX-License-Identifier: MIT
#pragma once

// Lets a term read another part of what networks return: another tap, or a member of a struct of the user's.

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <afd/network/reader.hpp>
#include <afd/strategy/bound_term.hpp>

namespace afd {

/// Another place on each side of an edge: At<Ends{.teacher = 2, .student = 1}, FeatureL2>.
template <class Teacher, class Student>
struct Ends {
  Teacher teacher;
  Student student;
};
template <class Teacher, class Student>
Ends(Teacher, Student) -> Ends<Teacher, Student>;

namespace detail {

/// The reader of a place: of a number, that tap; of a pointer to a member, that member; of a reader, itself.
template <auto Where>
struct ReaderAt {
  using type = std::remove_const_t<decltype(Where)>;
  static_assert(Reader<type>,
                "afd: At<Where, Term> needs the number of a tap, a pointer to a member of what the network returns "
                "(&Mine::boxes), a reader (afd::Logits{}), or afd::Ends{.teacher = .., .student = ..} of these");
};
template <auto Where>
  requires std::integral<decltype(Where)>
struct ReaderAt<Where> {
  static_assert(Where >= 0, "afd: At<Where, Term>: taps are counted from 0");
  using type = Tap<static_cast<std::size_t>(Where)>;
};
template <auto Where>
  requires std::is_member_object_pointer_v<decltype(Where)>
struct ReaderAt<Where> {
  using type = Member<Where>;
};

template <class W>
inline constexpr bool is_ends = false;
template <class Teacher, class Student>
inline constexpr bool is_ends<Ends<Teacher, Student>> = true;

/// The readers of both sides.
template <auto Where>
struct ReadersAt {
  using Teacher = typename ReaderAt<Where>::type;
  using Student = Teacher;
};
template <auto Where>
  requires is_ends<std::remove_const_t<decltype(Where)>>
struct ReadersAt<Where> {
  using Teacher = typename ReaderAt<Where.teacher>::type;
  using Student = typename ReaderAt<Where.student>::type;
};

/// A name made when compiling: that of a term and the numbers of its taps, "attention_transfer_at_1".
struct TapName {
  std::array<char, 96> text{};
  std::size_t size = 0;

  constexpr void add(std::string_view more) {
    for (const char c : more) text.at(size++) = c;
  }
  constexpr void add(std::size_t number) {
    if (number >= 10) add(number / 10);
    const char digit = static_cast<char>('0' + static_cast<char>(number % 10));
    add(std::string_view(&digit, 1));
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text.data(), size}; }
};

template <auto Where>
consteval TapName tap_name(std::string_view term) {
  TapName name;
  name.add(term);
  if constexpr (std::integral<decltype(Where)>) {
    name.add("_at_");
    name.add(static_cast<std::size_t>(Where));
  } else if constexpr (is_ends<std::remove_const_t<decltype(Where)>>) {
    if constexpr (std::integral<decltype(Where.teacher)> && std::integral<decltype(Where.student)>) {
      name.add("_at_");
      name.add(static_cast<std::size_t>(Where.teacher));
      name.add("_");
      name.add(static_cast<std::size_t>(Where.student));
    }
  }
  return name;
}

}  // namespace detail

/// At<1, AttentionTransfer>: the term reads tap 1. Reports call it attention_transfer_at_1.
/// At<&Mine::boxes, Term> reads a member of what networks return; two terms that differ in that only need
/// afd::Named. M: a LossTerm, or one in another wrapper.
template <auto Where, class M>
struct At {
  using Bound = detail::BoundTerm<M, void>;
  static_assert(!Bound::has_at, "afd: a term is in At twice; once says what it reads");
  static_assert(!detail::is_ends<std::remove_const_t<decltype(Where)>> ||
                    (EdgeTerm<typename Bound::Term> && !ComparesGroup<typename Bound::Term>),
                "afd: only a term of an edge has two ends: give At the one place that this term reads");

  M term = {};
};

namespace detail {

template <auto Where, class M, class DefaultTopology>
struct BoundTerm<At<Where, M>, DefaultTopology> : WrappedTerm<At<Where, M>, M, DefaultTopology> {
  using StudentReads = typename ReadersAt<Where>::Student;
  using TeacherReads = typename ReadersAt<Where>::Teacher;
  static constexpr bool has_at = true;

  static constexpr std::string_view name() {
    if constexpr (BoundTerm<M, DefaultTopology>::has_name) {
      return BoundTerm<M, DefaultTopology>::name();
    } else {
      return name_.view();
    }
  }

 private:
  static constexpr TapName name_ = tap_name<Where>(BoundTerm<M, DefaultTopology>::name());
};

}  // namespace detail
}  // namespace afd
