// SPDX-License-Identifier: MIT
#include <afd/detail/fields.hpp>
//
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "support/doctest.hpp"

namespace fields_test {

struct Inner {
  double rate = 0.1;
  bool on = true;
};
struct Empty {};
enum class Kind { first, second };
struct Outer {
  std::int64_t count = 3;
  Inner inner{};
  Empty empty{};
  std::vector<double> steps{0.5, 0.75};
  std::array<int, 2> pair{7, 8};
  Kind kind = Kind::second;
  std::string word = "w";
};
template <class T, int N>
struct Templated {
  T value{};
};
class Closed {
 public:
  explicit Closed(int number) : number_(number) {}
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};
struct WithClosed {
  Closed closed{1};
  double after = 2;
};

struct Choices {
  std::optional<double> some = 0.5;
  std::optional<int> none{};
  std::variant<int, double> either = 2.5;
  std::pair<int, double> both{1, 0.25};
  std::map<int, double> table{{7, 0.125}};
};
class Telling {
 public:
  template <class Add>
  void describe(const Add& add) const {
    add("rate", std::string("0.75"));
  }

 private:
  [[maybe_unused]] int hidden_ = 1;
};
struct WithTelling {
  Telling telling{};
  int after = 2;
};
struct Twelve {
  int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12;
};
struct Thirteen {
  int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12, m = 13;
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

}  // namespace fields_test

TEST_SUITE_BEGIN("detail");

using namespace fields_test;

namespace {

template <class T>
std::map<std::string, std::string> values(const T& value) {
  std::map<std::string, std::string> all;
  afd::detail::add_values(
      value, "v", [&](const std::string& key, const std::string& text) { CHECK(all.emplace(key, text).second); });
  return all;
}

}  // namespace

static_assert(afd::detail::field_count<Empty>() == 0);
static_assert(afd::detail::field_count<Inner>() == 2);
static_assert(afd::detail::field_count<Outer>() == 7);
static_assert(afd::detail::field_count<Twelve>() == 12);
static_assert(afd::detail::field_count<Thirteen>() == afd::detail::max_fields);  // too many
static_assert(afd::detail::type_name<Inner>() == "fields_test::Inner");

TEST_CASE("every number of an aggregate is found, as deep as it lies") {
  const std::map<std::string, std::string> expected{{"v.0", "3"},      {"v.1.0", "0.1"},   {"v.1.1", "true"},
                                                    {"v.3[0]", "0.5"}, {"v.3[1]", "0.75"}, {"v.4[0]", "7"},
                                                    {"v.4[1]", "8"},   {"v.5", "1"},       {"v.6", "w"}};
  CHECK(values(Outer{}) == expected);
  Outer other;
  other.inner.rate = 0.1 + 1e-18;
  CHECK(values(other) == expected);  // the same number
  other.inner.rate = 0.10000000000000002;
  CHECK(values(other) != expected);
}

TEST_CASE("plain numbers, empty types, and what cannot be looked into") {
  CHECK(values(4).at("v") == "4");
  CHECK(values(Empty{}).empty());
  CHECK(values(Closed(5)).empty());
  CHECK(values(WithClosed{}) == std::map<std::string, std::string>{{"v.1", "2"}});
}

TEST_CASE("optionals, variants, pairs and tables are looked into, and some values tell themselves") {
  CHECK(values(Choices{}) == std::map<std::string, std::string>{{"v.0", "0.5"},
                                                                {"v.1", "none"},
                                                                {"v.2 alternative", "1"},
                                                                {"v.2", "2.5"},
                                                                {"v.3.0", "1"},
                                                                {"v.3.1", "0.25"},
                                                                {"v.4[0].0", "7"},
                                                                {"v.4[0].1", "0.125"}});
  CHECK(values(Telling{}) == std::map<std::string, std::string>{{"v.rate", "0.75"}});
  CHECK(values(WithTelling{}) == std::map<std::string, std::string>{{"v.0.rate", "0.75"}, {"v.1", "2"}});
  CHECK(values(Twelve{}).size() == 12);
  CHECK(values(Twelve{}).at("v.11") == "12");
}

TEST_CASE("names of types tell template arguments apart") {
  const auto of = [](auto value) { return std::string(afd::detail::type_name<decltype(value)>()); };
  CHECK(of(Templated<int, 3>{}) != of(Templated<int, 4>{}));
  CHECK(of(Templated<Inner, 3>{}).find("fields_test::Inner") != std::string::npos);
  CHECK(of(1.5) == "double");
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
