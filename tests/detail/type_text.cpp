// SPDX-License-Identifier: MIT
#include <afd/detail/type_text.hpp>
//
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("detail");

namespace type_text_test {

struct Edge {
  std::size_t teacher, student;
};
enum class Level { logit, feature };
struct Found {
  int boxes;
};
template <class T>
struct Holds {
  T value;
};
template <auto... Values>
struct Of {};
template <unsigned N, class T>
struct Every {};

}  // namespace type_text_test

namespace {

struct Hidden {};

}  // namespace

static_assert(afd::detail::type_name<type_text_test::Edge>() == "type_text_test::Edge");

TEST_CASE("names of types tell template arguments apart") {
  using namespace type_text_test;
  using afd::detail::type_name;
  CHECK(type_name<Every<3, Found>>() != type_name<Every<4, Found>>());
  CHECK(type_name<Every<3, Found>>().find("type_text_test::Found") != std::string_view::npos);
  CHECK(type_name<double>() == "double");
}

TEST_CASE("types are written in one way by every compiler") {
  using namespace type_text_test;
  using afd::detail::type_text;
  struct Local {};
  CHECK(type_text<Every<4, Found>>() == "type_text_test::Every<4, type_text_test::Found>");
  CHECK(type_text<Every<4, Every<2, Hidden>>>() ==
        "type_text_test::Every<4, type_text_test::Every<2, (anonymous namespace)::Hidden>>");
  CHECK(type_text<Of<Edge{0, 1}, Edge{2, 0}>>() == "type_text_test::Of<Edge{0, 1}, Edge{2, 0}>");
  CHECK(type_text<Of<Level::feature, &Found::boxes>>() ==
        "type_text_test::Of<type_text_test::Level::feature, &type_text_test::Found::boxes>");
  CHECK(type_text<Of<std::size_t{3}, true, 'x', -2L>>() == "type_text_test::Of<3, true, 'x', -2>");
  CHECK(type_text<std::vector<std::int64_t>>() == "std::vector<long>");
  CHECK(type_text<std::map<std::string, std::size_t>>() == "std::map<std::basic_string<char>, unsigned long>");
  CHECK(type_text<std::function<double(short, const Found&, Found*)>>() ==
        "std::function<double(short, const type_text_test::Found&, type_text_test::Found*)>");
  CHECK(type_text<Local>() == "Local");
  CHECK(type_text<Holds<Local>>() == "type_text_test::Holds<Local>");
}

TEST_CASE("spellings of other compilers come out alike") {
  using afd::detail::common_spelling;
  CHECK(common_spelling("run(int, n::A<2>)::Local") == "Local");
  CHECK(common_spelling("n::Holds<run(void (*)(int))::Local, {anonymous}::B>") ==
        "n::Holds<Local, (anonymous namespace)::B>");
  CHECK(common_spelling("n::L2Loss<Blur1L, 2UL>") == "n::L2Loss<Blur1L, 2>");
  CHECK(common_spelling("n::Of<n::Str<6>{\"hello\"}, m::Edge{0U, 1UL}>") == "n::Of<Str<6>{\"hello\"}, Edge{0, 1}>");
}

TEST_SUITE_END();
