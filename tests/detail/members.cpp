// SPDX-License-Identifier: MIT
#include <afd/detail/members.hpp>
//
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "support/doctest.hpp"
#include "support/structs.hpp"

namespace members_test {

using afd_test::Closed;
using afd_test::Inner;
using afd_test::Outer;
using afd_test::WithClosed;

/// Arrays take several values each when one is made.
struct Arrays {
  char word[2] = {'a', 'b'};              // NOLINT: by purpose
  double table[2][2] = {{1, 2}, {3, 4}};  // NOLINT: by purpose
  double one[1] = {5};                    // NOLINT: by purpose
  std::string words[2] = {"c", "d"};      // NOLINT: by purpose
  std::vector<int> steps{6};
};

struct Renamed : Inner {};
struct TwiceRenamed : Renamed {};
struct Mixin {};
struct WithMixin : Mixin {
  int number = 3;
};
struct RenamedWithMixin : Mixin, Inner {};

struct Twelve {
  int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12;
};

#define AFD_INTS(name, ...) \
  struct name {             \
    int __VA_ARGS__;        \
  };
AFD_INTS(One, a = 1)
AFD_INTS(Two, a = 1, b = 2)
AFD_INTS(Three, a = 1, b = 2, c = 3)
AFD_INTS(Four, a = 1, b = 2, c = 3, d = 4)
AFD_INTS(Five, a = 1, b = 2, c = 3, d = 4, e = 5)
AFD_INTS(Six, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6)
AFD_INTS(Seven, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7)
AFD_INTS(Eight, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8)
AFD_INTS(Nine, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9)
AFD_INTS(Ten, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10)
AFD_INTS(Eleven, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11)
#undef AFD_INTS

}  // namespace members_test

TEST_SUITE_BEGIN("detail");

using namespace members_test;

TEST_CASE("members of the kind of arrays are given whole") {
  Arrays value;
  afd::detail::apply_fields(value, [&](auto& word, auto& table, auto& one, auto& words, auto& steps) {
    static_assert(std::is_same_v<decltype(table), double(&)[2][2]>);
    CHECK(&word == &value.word);
    CHECK(&table == &value.table);
    CHECK(&one == &value.one);
    CHECK(&words == &value.words);
    CHECK(&steps == &value.steps);
  });
}

TEST_CASE("members of a base class are given as the struct's own") {
  TwiceRenamed value;
  afd::detail::apply_fields(value, [&](double& rate, bool& on) {
    CHECK(&rate == &value.rate);
    CHECK(&on == &value.on);
  });
  const RenamedWithMixin mixed{{}, {.rate = 0.5}};
  afd::detail::apply_fields(mixed, [&](const double& rate, const bool& /*on*/) { CHECK(&rate == &mixed.rate); });
  WithMixin own;
  afd::detail::apply_fields(own, [&](int& number) { CHECK(&number == &own.number); });
}

TEST_CASE_TEMPLATE("all members are given in their order, however many", T, One, Two, Three, Four, Five, Six, Seven,
                   Eight, Nine, Ten, Eleven, Twelve) {
  T value;
  std::vector<int> seen;
  afd::detail::apply_fields(value, [&](auto&... members) { (seen.push_back(members), ...); });
  REQUIRE(seen.size() == afd::detail::field_count<T>());
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == static_cast<int>(i) + 1);
}

TEST_CASE("members of a value that is not const can be changed; what the function returns is returned") {
  Inner inner;
  double* const rate = afd::detail::apply_fields(inner, [](double& first, bool& second) {
    first = 0.25;
    second = false;
    return &first;
  });
  CHECK(rate == &inner.rate);
  CHECK(inner.rate == 0.25);
  CHECK_FALSE(inner.on);
  bool& on = afd::detail::apply_fields(inner, [](double&, bool& second) -> bool& { return second; });
  CHECK(&on == &inner.on);

  afd::detail::for_each_field(inner, [](auto& member) { member = 1; });
  CHECK(inner.rate == 1);
  CHECK(inner.on);
}

TEST_CASE("members of a const value are const, and are those of the value itself") {
  const Inner inner{.rate = 0.5, .on = true};
  const double sum = afd::detail::apply_fields(inner, [&](auto& first, auto& second) {
    static_assert(std::is_same_v<decltype(first), const double&> && std::is_same_v<decltype(second), const bool&>);
    CHECK(&first == &inner.rate);
    return first + (second ? 1 : 0);
  });
  CHECK(sum == 1.5);
}

TEST_CASE("types of members are known without a value") {
  using afd::detail::apply_fields_type;
  constexpr auto types = [](auto... members) {
    return std::type_identity<std::tuple<typename decltype(members)::type...>>{};
  };
  static_assert(
      std::is_same_v<decltype(apply_fields_type<Inner>(types)), std::type_identity<std::tuple<double, bool>>>);
  static_assert(std::is_same_v<decltype(apply_fields_type<const Inner>(types)),
                               std::type_identity<std::tuple<const double, const bool>>>);
  static_assert(std::is_same_v<decltype(apply_fields_type<WithClosed>(types)),  // Closed has no default constructor
                               std::type_identity<std::tuple<Closed, double>>>);
  constexpr std::size_t numbers = apply_fields_type<Outer>([](auto... members) {
    return (std::size_t{0} + ... + std::size_t{std::is_integral_v<typename decltype(members)::type>});
  });
  CHECK(numbers == 1);  // the count
}

TEST_SUITE_END();
