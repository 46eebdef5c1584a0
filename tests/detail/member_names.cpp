// SPDX-License-Identifier: MIT
#include <afd/detail/member_names.hpp>
//
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/doctest.hpp"

namespace member_names_test {

struct Empty {};
struct OtherEmpty {};
struct Inner {
  double rate = 0.1;
  bool on = true;
};
/// Neither copies of it nor one by default can be made, and its destructor is none for compile time.
class Closed {
 public:
  explicit Closed(int& number) : number_(number) {}
  Closed(const Closed&) = delete;
  ~Closed() { ++number_; }

 private:
  int& number_;
};
template <class T, std::size_t N>
struct Templated {
  T first;
  std::array<T, N> rest;
};
struct Many {
  [[no_unique_address]] Empty empty;
  [[no_unique_address]] OtherEmpty other_empty;
  std::string word;
  Inner inner;
  std::vector<std::map<std::string, int>> tables;
  std::function<double(int)> function;
  std::unique_ptr<Inner> pointer;
  const double constant = 1;
  char letter;
  int Inner::* member;
  double array[2];  // NOLINT: by purpose
};
struct Bits {
  int before = 1;
  unsigned few : 3 = 2;
  double after = 3;
};
struct Renamed : Inner {};
struct With9_Digits2 {
  int l1_weight2 = 1;
  int _ = 2;
  int température = 3;
};
struct WithClosed {
  Closed closed;
  int after;
};
struct Nested {
  struct Options {
    int depth = 1;
  };
  Options options;
};

}  // namespace member_names_test

namespace {

struct Hidden {
  int size = 1;
  std::string text;
};

}  // namespace

TEST_SUITE_BEGIN("detail");

using namespace member_names_test;
using afd::detail::member_names;
using Names = std::vector<std::string_view>;

namespace {

template <class T>
Names names() {
  return {member_names<T>.begin(), member_names<T>.end()};
}

}  // namespace

static_assert(member_names<Inner> == std::array<std::string_view, 2>{"rate", "on"});

TEST_CASE("members of any type have their names") {
  CHECK(names<Inner>() == Names{"rate", "on"});
  CHECK(names<Many>() == Names{"empty", "other_empty", "word", "inner", "tables", "function", "pointer", "constant",
                               "letter", "member", "array"});
  CHECK(names<Templated<Inner, 3>>() == Names{"first", "rest"});
  CHECK(names<Templated<std::string, 1>>() == Names{"first", "rest"});
  CHECK(names<Nested>() == Names{"options"});
  CHECK(names<Nested::Options>() == Names{"depth"});
  CHECK(names<With9_Digits2>() == Names{"l1_weight2", "_", "température"});
}

TEST_CASE("nothing is made for a name: types may have neither a default constructor nor a destructor to speak of") {
  CHECK(names<WithClosed>() == Names{"closed", "after"});
}

TEST_CASE("types of a function, of an unnamed namespace, and those that inherit their members, have names for them") {
  struct Local {
    double width = 1;
    std::string word;
  };
  CHECK(names<Local>() == Names{"width", "word"});
  CHECK(names<Hidden>() == Names{"size", "text"});
  CHECK(names<Renamed>() == Names{"rate", "on"});
  CHECK(names<Templated<Local, 2>>() == Names{"first", "rest"});
}

TEST_CASE("where a name cannot be told there is none") {
  CHECK(names<Bits>() == Names{"", "", ""});  // a reference to bits is one to a copy
}

TEST_CASE("texts of compilers are read from their ends") {
  using afd::detail::last_name;
  CHECK(last_name("auto f() [with auto P = (& n::unmade<n::T>.n::Unmade<n::T>::<anonymous>.n::T::rate)]") == "rate");
  CHECK(last_name("auto f() [P = &unmade<n::T>.value.rate]") == "rate");
  CHECK(last_name("auto f() [P = Held{&unmade<n::T>.value.a_1}]") == "a_1");
  CHECK(last_name("auto f() [P = (& n::unmade<n::T>.n::T::table[0])]").empty());
  CHECK(last_name("auto f() [P = &unmade<n::T>.value.1]").empty());
  CHECK(last_name("auto f() [P = 12]").empty());
  CHECK(last_name("]").empty());
  CHECK(last_name("").empty());
}

TEST_SUITE_END();
