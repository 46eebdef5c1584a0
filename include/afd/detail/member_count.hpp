// SPDX-License-Identifier: MIT
#pragma once

// How many members a struct has, and whether some are inherited, found by trying what it can be made of. Torch-free.

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace afd::detail {

/// Stands for a value of any type.
struct AnyValue {
  template <class U>
  operator U() const noexcept;  // NOLINT: implicit by purpose; never defined
};

inline constexpr std::size_t max_fields = 13;  // one more than can be looked into

template <class T, std::size_t... I>
consteval bool has_fields(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyValue{})...}; };
}

/// How many values T{...} takes at most, up to max_fields: one for each base class and member, but as many as it has
/// elements for an array like double[3].
template <class T, std::size_t N = max_fields>
consteval std::size_t value_count() {
  if constexpr (N == 0 || has_fields<T>(std::make_index_sequence<N>{})) {
    return N;
  } else {
    return value_count<T, N - 1>();
  }
}

/// Whether T{a..., {b...}, c...} can be, of so many values.
template <class T, std::size_t... A, std::size_t... B, std::size_t... C>
consteval bool takes_nested(std::index_sequence<A...>, std::index_sequence<B...>, std::index_sequence<C...>) {
  return requires {
    T{(static_cast<void>(A), AnyValue{})...,
      {(static_cast<void>(B), AnyValue{})...},
      (static_cast<void>(C), AnyValue{})...};
  };
}
template <class T, std::size_t A, std::size_t B, std::size_t C>
inline constexpr bool takes_of =
    takes_nested<T>(std::make_index_sequence<A>{}, std::make_index_sequence<B>{}, std::make_index_sequence<C>{});

/// How many of `Count` values the member takes that takes value `Place`: more than one if it is an array.
template <class T, std::size_t Count, std::size_t Place, std::size_t Tried = 2>
consteval std::size_t values_at() {
  constexpr std::size_t left = Count - Place;
  if constexpr ((Tried == 2 && takes_of<T, Place, 0, left - 1>) || Tried > left) {
    return 1;  // by far the most are done with the first
  } else if constexpr (takes_of<T, Place, Tried, left - Tried> && !takes_of<T, Place, Tried, left - Tried + 1>) {
    return Tried;
  } else {
    return values_at<T, Count, Place, Tried + 1>();
  }
}

/// How many base classes and members begin at value `Place` and after it.
template <class T, std::size_t Count, std::size_t Place = 0>
consteval std::size_t part_count() {
  if constexpr (Place >= Count) {
    return 0;
  } else {
    return 1 + part_count<T, Count, Place + values_at<T, Count, Place>()>();
  }
}

template <class U, class T>
concept ProperBase = std::is_base_of_v<U, T> && !std::same_as<U, T>;

/// Stand for a base class of T; for one without members; for an aggregate; for one of exactly N members.
template <class T>
struct ForBase {
  template <ProperBase<T> U>
  operator U() const noexcept;  // NOLINT: as of AnyValue
};
template <class T>
struct ForEmptyBase {
  template <ProperBase<T> U>
    requires std::is_empty_v<U>
  operator U() const noexcept;  // NOLINT: as of AnyValue
};
template <class T>
struct ForAggregateBase {
  template <ProperBase<T> U>
    requires std::is_aggregate_v<U>
  operator U() const noexcept;  // NOLINT: as of AnyValue
};
template <class T, std::size_t N>
struct ForBaseOf;

/// A first member that takes anything, such as std::any, takes this, too.
struct Stranger {};

template <class T, class Probe, std::size_t... Before, std::size_t... After>
consteval bool takes_at(std::index_sequence<Before...>, std::index_sequence<After...>) {
  return requires {
    T{(static_cast<void>(Before), AnyValue{})..., Probe{}, (static_cast<void>(After), AnyValue{})...};
  };
}
/// Whether the part that takes value `Place` takes this one. Not a part of that part: then there would be room for more
/// values.
template <class T, class Probe, std::size_t Place, std::size_t After = value_count<T>() - Place - 1>
inline constexpr bool takes_probe =
    takes_at<T, Probe>(std::make_index_sequence<Place>{}, std::make_index_sequence<After>{}) &&
    !takes_at<T, Probe>(std::make_index_sequence<Place>{}, std::make_index_sequence<After + 1>{});

/// How many base classes T has, which come before its members.
template <class T, std::size_t Place = 0>
consteval std::size_t base_count() {
  if constexpr (Place < value_count<T>()) {
    if constexpr (takes_probe<T, ForBase<T>, Place> && !takes_probe<T, Stranger, Place>) {
      return base_count<T, Place + 1>();
    }
  }
  return Place;
}

/// What is known of an aggregate.
struct Makeup {
  std::size_t bases = 0;       ///< base classes
  std::size_t full_bases = 0;  ///< those of them that have members
  std::size_t full_base = 0;   ///< which base class it is, if there is one
  std::size_t own = 0;         ///< members of the class itself
};

template <class T>
consteval Makeup makeup_of() {
  constexpr std::size_t values = value_count<T>();
  Makeup makeup;
  if constexpr (values == 0 || values == max_fields) {
    makeup.own = values;
  } else {
    constexpr std::size_t bases = base_count<T>();
    makeup.bases = bases;
    makeup.own = part_count<T, values>() - bases;
    if constexpr (bases > 0) {
      const auto has_members = []<std::size_t... Place>(std::index_sequence<Place...>) {
        return std::array{!takes_probe<T, ForEmptyBase<T>, Place>...};
      }(std::make_index_sequence<bases>{});
      for (std::size_t place = 0; place < bases; ++place) {
        if (!has_members[place]) continue;
        ++makeup.full_bases;
        makeup.full_base = place;
      }
    }
  }
  return makeup;
}

template <class T>
inline constexpr bool inherits_members = makeup_of<T>().full_bases > 0;

/// Whether T has members of its own beside those of a base class, or members of two base classes: C++20 does not take
/// such a struct apart.
template <class T>
inline constexpr bool adds_to_base =
    inherits_members<T> && makeup_of<T>().full_bases + (makeup_of<T>().own > 0 ? 1 : 0) > 1;

/// Whether T is nothing but a class that may have private members under another name.
template <class T>
consteval bool hides_members() {
  constexpr Makeup makeup = makeup_of<T>();
  if constexpr (makeup.full_bases == 1 && makeup.own == 0) {
    return !takes_probe<T, ForAggregateBase<T>, makeup.full_base>;
  } else {
    return false;
  }
}

template <class T, std::size_t Place, std::size_t N = max_fields - 1>
consteval std::size_t field_count_of_base() {
  if constexpr (N == 0) {
    return max_fields;
  } else if constexpr (takes_probe<T, ForBaseOf<T, N>, Place>) {
    return N;
  } else {
    return field_count_of_base<T, Place, N - 1>();
  }
}

/// How many members an aggregate is made of, those of its base class if it adds none; max_fields if they are more than
/// can be looked into, or cannot be.
template <class T>
consteval std::size_t field_count() {
  constexpr Makeup makeup = makeup_of<T>();
  if constexpr (adds_to_base<T>) {
    return max_fields;
  } else if constexpr (makeup.full_bases == 1) {
    return field_count_of_base<T, makeup.full_base>();
  } else {
    return makeup.own;
  }
}

template <class T, std::size_t N>
struct ForBaseOf {
  template <ProperBase<T> U>
    requires(std::is_aggregate_v<U> && field_count<U>() == N)
  operator U() const noexcept;  // NOLINT: as of AnyValue
};

}  // namespace afd::detail
