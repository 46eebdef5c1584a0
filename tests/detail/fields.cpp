// SPDX-License-Identifier: MIT
#include <afd/detail/fields.hpp>
//
#include <any>
#include <complex>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/doctest.hpp"
#include "support/structs.hpp"

namespace fields_test {

using afd_test::Closed;
using afd_test::Empty;
using afd_test::Inner;
using afd_test::Outer;
using afd_test::WithClosed;

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
struct Renamed : Inner {};
struct WithArray {
  double mean[3] = {1, 2, 3};           // NOLINT: by purpose
  char word[4] = {'n', 'a', 'm', 'e'};  // NOLINT: by purpose
};
struct Bits {
  unsigned few : 3 = 2;
  int after = 3;
};
struct Virtual {
  virtual ~Virtual() = default;
};
struct Unseen {
  std::function<double(int)> function = [](int x) { return 1.0 * x; };
  std::function<double(int)> no_function{};
  std::shared_ptr<Virtual> shape = std::make_shared<Virtual>();
  std::shared_ptr<Virtual> no_shape{};
  const int* number = nullptr;
  const char* text = nullptr;
  std::any any = 3;
};
struct Pointing {
  std::shared_ptr<Inner> shared = std::make_shared<Inner>();
  std::unique_ptr<double> unique = std::make_unique<double>(0.25);
  std::shared_ptr<const Inner> nothing{};
};
struct WithForeign {
  std::complex<double> number{1, 2};
  std::filesystem::path path = "a/b";
  std::vector<bool> flags{true, false};
};

}  // namespace fields_test

template <>
struct afd::RecipeText<std::complex<double>> {
  static std::string of(const std::complex<double>& number) {
    return afd::detail::exact_text(number.real()) + " + " + afd::detail::exact_text(number.imag()) + " i";
  }
};

TEST_SUITE_BEGIN("detail");

using namespace fields_test;

namespace {

using Texts = std::map<std::string, std::string>;

template <class T>
Texts values(const T& value) {
  Texts all;
  afd::detail::add_values(
      value, "v", [&](const std::string& key, const std::string& text) { CHECK(all.emplace(key, text).second); });
  return all;
}

}  // namespace

TEST_CASE("every number of an aggregate is found, as deep as it lies") {
  const Texts expected{
      {"v.count", "3"},      {"v.inner.rate", "0.1"}, {"v.inner.on", "true"}, {"v.steps", "2 elements"},
      {"v.steps[0]", "0.5"}, {"v.steps[1]", "0.75"},  {"v.pair[0]", "7"},     {"v.pair[1]", "8"},
      {"v.kind", "1"},       {"v.word", "w"}};
  CHECK(values(Outer{}) == expected);
  Outer other;
  other.inner.rate = 0.1 + 1e-18;
  CHECK(values(other) == expected);  // the same number
  other.inner.rate = 0.10000000000000002;
  CHECK(values(other) != expected);
}

TEST_CASE("plain numbers, empty types, and lists by their length") {
  CHECK(values(4).at("v") == "4");
  CHECK(values(Empty{}).empty());
  CHECK(values(std::vector<int>{}) == Texts{{"v", "0 elements"}});
  CHECK(values(std::vector<int>{5}) == Texts{{"v", "1 element"}, {"v[0]", "5"}});
  CHECK(values(WithClosed{}).at("v.after") == "2");
}

TEST_CASE("optionals, variants, pairs and tables are looked into, and some values tell themselves") {
  CHECK(values(Choices{}) == Texts{{"v.some", "0.5"},
                                   {"v.none", "none"},
                                   {"v.either alternative", "1"},
                                   {"v.either", "2.5"},
                                   {"v.both.0", "1"},
                                   {"v.both.1", "0.25"},
                                   {"v.table", "1 element"},
                                   {"v.table[0].0", "7"},
                                   {"v.table[0].1", "0.125"}});
  CHECK(values(Telling{}) == Texts{{"v.rate", "0.75"}});
  CHECK(values(WithTelling{}) == Texts{{"v.telling.rate", "0.75"}, {"v.after", "2"}});
  CHECK(values(Twelve{}).size() == 12);
  CHECK(values(Twelve{}).at("v.l") == "12");
}

TEST_CASE("members have the names that the struct has for them, inherited ones, too, or else their numbers") {
  CHECK(values(Renamed{}) == Texts{{"v.rate", "0.1"}, {"v.on", "true"}});
  CHECK(values(WithArray{}) == Texts{{"v.mean[0]", "1"}, {"v.mean[1]", "2"}, {"v.mean[2]", "3"}, {"v.word", "name"}});
  CHECK(values(Bits{}) == Texts{{"v.0", "2"}, {"v.1", "3"}});
}

TEST_CASE("what pointers point at counts, and that there is nothing") {
  CHECK(values(Pointing{}) ==
        Texts{{"v.shared.rate", "0.1"}, {"v.shared.on", "true"}, {"v.unique", "0.25"}, {"v.nothing", "none"}});
}

TEST_CASE("of what cannot be seen the type is known, and that it cannot be compared") {
  const Texts texts = values(Unseen{});
  CHECK(texts == Texts{{"v.function", "a std::function<double(int)>, which cannot be compared"},
                       {"v.no_function", "none"},
                       {"v.shape", "a std::shared_ptr<fields_test::Virtual>, which cannot be compared"},
                       {"v.no_shape", "none"},
                       {"v.number", "none"},
                       {"v.text", "none"},
                       {"v.any", "a std::any, which cannot be compared"}});
  CHECK(values(Closed(5)) == Texts{{"v", "a afd_test::Closed, which cannot be compared"}});
}

TEST_CASE("a class that is not ours is told by its specialisation, a path by its text") {
  CHECK(values(WithForeign{}) == Texts{{"v.number", "1 + 2 i"},
                                       {"v.path", "a/b"},
                                       {"v.flags", "2 elements"},
                                       {"v.flags[0]", "true"},
                                       {"v.flags[1]", "false"}});
}

TEST_SUITE_END();
