// SPDX-License-Identifier: MIT
#include <afd/detail/look.hpp>
//
#include <any>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "support/doctest.hpp"

namespace look_test {

struct Empty {};
enum class Kind { first, second };
struct Plain {
  double rate = 0.1;
};
struct Virtual {
  virtual ~Virtual() = default;
};
class Closed {
 private:
  [[maybe_unused]] int hidden_ = 1;
};
union Either {
  int number;
  double rate;
};
struct WithReference {
  int& number;
};
struct Foreign {
  explicit Foreign(int given) : number(given) {}
  int number;
};
struct Telling {
  template <class Add>
  void describe(const Add& add) const {
    add("rate", std::string("0.75"));
  }
  int hidden = 1;
};
struct TellsWithAuto {
  void describe(const auto& add) const { add("rate", std::string("0.75")); }
  int hidden = 1;
};
struct Renamed : Telling {};
struct Adds : Telling {
  int more = 2;
};
struct AddsWithAuto : TellsWithAuto {
  int more = 2;
};
struct TellsAll : Telling {
  int more = 2;
  template <class Add>
  void describe(const Add& add) const {
    Telling::describe(add);
    add("more", std::string("2"));
  }
};
struct AddsToPlain : Plain {
  int more = 2;
};
struct OfClosed : Closed {};
struct Thirteen {
  int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12, m = 13;
};
struct Deep {
  std::vector<std::optional<std::tuple<int, std::variant<int, Thirteen>>>> inside;
};
struct Shallow {
  std::vector<std::optional<std::tuple<int, std::variant<int, Plain>>>> inside;
};

}  // namespace look_test

template <>
struct afd::RecipeText<look_test::Foreign> {
  static std::string of(const look_test::Foreign& value) { return "foreign " + std::to_string(value.number); }
};

TEST_SUITE_BEGIN("detail");

using namespace look_test;
using afd::detail::can_be_described;
using afd::detail::Look;
using afd::detail::look_at;

static_assert(look_at<int>() == Look::number && look_at<bool>() == Look::number && look_at<Kind>() == Look::number);
static_assert(look_at<std::string>() == Look::word && look_at<const char*>() == Look::word);
static_assert(look_at<std::string_view>() == Look::word && look_at<char[3]>() == Look::word);
static_assert(look_at<std::filesystem::path>() == Look::word);
static_assert(look_at<std::vector<bool>>() == Look::range && look_at<std::map<int, double>>() == Look::range);
static_assert(look_at<std::array<int, 2>>() == Look::range && look_at<double[3]>() == Look::range);
static_assert(look_at<std::optional<Closed>>() == Look::optional);
static_assert(look_at<std::shared_ptr<int>>() == Look::pointer && look_at<std::unique_ptr<Plain>>() == Look::pointer);
static_assert(look_at<std::shared_ptr<const Plain>>() == Look::pointer);
static_assert(look_at<std::variant<int, double>>() == Look::variant && look_at<std::pair<int, int>>() == Look::tuple);
static_assert(look_at<Empty>() == Look::nothing && look_at<std::monostate>() == Look::nothing);
static_assert(look_at<Plain>() == Look::members && look_at<Telling>() == Look::itself);
static_assert(look_at<Foreign>() == Look::text);

// Of these nothing is known but the type.
static_assert(look_at<Closed>() == Look::opaque && look_at<OfClosed>() == Look::opaque);
static_assert(look_at<WithReference>() == Look::opaque);
static_assert(look_at<Either>() == Look::opaque && look_at<std::any>() == Look::opaque);
static_assert(look_at<std::function<int()>>() == Look::opaque && look_at<int*>() == Look::opaque);
static_assert(look_at<std::shared_ptr<Virtual>>() == Look::opaque && look_at<std::shared_ptr<void>>() == Look::opaque);
static_assert(look_at<std::unique_ptr<int[]>>() == Look::opaque && look_at<std::weak_ptr<int>>() == Look::opaque);
static_assert(look_at<std::reference_wrapper<int>>() == Look::opaque);

TEST_CASE("lambdas without captures say all by their type, others nothing") {
  int seen = 1;
  const auto plain = [](int x) { return x + 1; };
  const auto with = [&seen](int x) { return x + seen; };
  CHECK(with(1) == plain(1));
  static_assert(look_at<std::remove_const_t<decltype(plain)>>() == Look::nothing);
  static_assert(look_at<std::remove_const_t<decltype(with)>>() == Look::opaque);
}

TEST_CASE("what cannot be taken apart is found, however deep it is") {
  CHECK(can_be_described<Plain>());
  CHECK(can_be_described<Shallow>());
  CHECK_FALSE(can_be_described<Thirteen>());
  CHECK_FALSE(can_be_described<Deep>());
  CHECK_FALSE(can_be_described<AddsToPlain>());
  CHECK(can_be_described<Closed>());
  CHECK(can_be_described<std::vector<OfClosed>>());
}

TEST_CASE("a description that is inherited is one of the base class's members alone") {
  CHECK(can_be_described<Telling>());
  CHECK(can_be_described<TellsWithAuto>());
  CHECK(can_be_described<Renamed>());
  CHECK(can_be_described<TellsAll>());
  CHECK_FALSE(can_be_described<Adds>());
  CHECK_FALSE(can_be_described<AddsWithAuto>());
}

TEST_SUITE_END();
