// SPDX-License-Identifier: MIT
#include <afd/detail/member_count.hpp>
//
#include <any>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/doctest.hpp"
#include "support/structs.hpp"

namespace member_count_test {

using afd_test::Closed;
using afd_test::Empty;
using afd_test::Inner;
using afd_test::Outer;
using afd_test::WithClosed;

struct WithoutAddress {
  [[no_unique_address]] Empty empty{};
  int number = 1;
};

// Arrays take several values each.
struct ArrayFirst {
  double mean[3] = {1, 2, 3};  // NOLINT: by purpose
  int after = 4;
};
struct ArrayLast {
  Closed closed{1};
  double mean[3] = {1, 2, 3};  // NOLINT: by purpose
};
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
struct OtherMixin {};
struct WithMixin : Mixin {
  int number = 3;
  Inner inner{};
};
struct WithMixins : Mixin, OtherMixin {
  int number = 3;
};
struct RenamedWithMixin : Mixin, Inner {};
struct Adds : Inner {
  int more = 3;
};
struct Joins : Inner, WithMixin {};
struct OfJoins : Joins {};
struct OfAdds : Mixin, Adds {};
struct OfClosed : Closed {};
struct TakesAnything {
  std::any first;
  int second = 1;
};
struct TakesMuch {
  std::optional<Inner> first;
  std::function<double(Inner)> second;
};

struct Twelve {
  int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12;
};
struct Thirteen {
  int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12, m = 13;
};

}  // namespace member_count_test

TEST_SUITE_BEGIN("detail");

using namespace member_count_test;
using afd::detail::adds_to_base;
using afd::detail::field_count;

static_assert(field_count<Empty>() == 0);
static_assert(field_count<Inner>() == 2);
static_assert(field_count<Outer>() == 7);
static_assert(field_count<WithClosed>() == 2);
static_assert(field_count<WithoutAddress>() == 2);
static_assert(field_count<Twelve>() == 12);
static_assert(field_count<Thirteen>() == afd::detail::max_fields);  // too many
static_assert(field_count<TakesAnything>() == 2);
static_assert(field_count<TakesMuch>() == 2);
static_assert(!adds_to_base<Inner> && !adds_to_base<Outer> && !adds_to_base<TakesAnything>);

// Arrays.
static_assert(field_count<ArrayFirst>() == 2);
static_assert(field_count<ArrayLast>() == 2);
static_assert(field_count<Arrays>() == 5);

// Base classes: without members they are passed over; those with members are seen if nothing is added to them.
static_assert(field_count<Renamed>() == 2);
static_assert(field_count<TwiceRenamed>() == 2);
static_assert(field_count<WithMixin>() == 2);
static_assert(field_count<WithMixins>() == 1);
static_assert(field_count<RenamedWithMixin>() == 2);
static_assert(!adds_to_base<Renamed> && !adds_to_base<TwiceRenamed> && !adds_to_base<WithMixins>);
static_assert(field_count<Adds>() == afd::detail::max_fields && adds_to_base<Adds>);
static_assert(field_count<Joins>() == afd::detail::max_fields && adds_to_base<Joins>);
static_assert(field_count<OfJoins>() == afd::detail::max_fields && field_count<OfAdds>() == afd::detail::max_fields);
static_assert(field_count<OfClosed>() == afd::detail::max_fields && !adds_to_base<OfClosed>);
static_assert(afd::detail::hides_members<OfClosed>() && !afd::detail::hides_members<Renamed>());

TEST_CASE("members are counted and base classes told from them") {
  constexpr afd::detail::Makeup plain = afd::detail::makeup_of<Outer>(),
                                mixed = afd::detail::makeup_of<RenamedWithMixin>();
  CHECK(plain.bases == 0);
  CHECK(plain.own == 7);
  CHECK(mixed.bases == 2);
  CHECK(mixed.full_bases == 1);
  CHECK(mixed.full_base == 1);
  CHECK(mixed.own == 0);
}

TEST_SUITE_END();
