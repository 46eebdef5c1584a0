// SPDX-License-Identifier: MIT
#include <afd/data/fingerprint.hpp>
//
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::Fingerprint;
using afd::detail::spread_places;

namespace {

std::int64_t number_of(std::initializer_list<std::string_view> texts) {
  Fingerprint print;
  for (const std::string_view text : texts) print.add_text(text);
  return print.number();
}

}  // namespace

TEST_CASE("the same content has the same number, and another content another") {
  CHECK(number_of({"a", "bc"}) == number_of({"a", "bc"}));
  const std::string zeros(8, '\0');
  const std::set<std::int64_t> numbers{number_of({}),
                                       number_of({""}),
                                       number_of({"", ""}),
                                       number_of({"a"}),
                                       number_of({"a", "bc"}),
                                       number_of({"ab", "c"}),
                                       number_of({"bc", "a"}),
                                       number_of({"abc"}),
                                       number_of({"12345678"}),
                                       number_of({"123456789"}),
                                       number_of({"12345678", "9"}),
                                       number_of({zeros}),
                                       number_of({std::string_view(zeros).substr(1)})};
  CHECK(numbers.size() == 13);
}

TEST_CASE("each bit of a text counts") {
  const std::string text = "nineteen characters";
  std::set<std::int64_t> numbers{number_of({text})};
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string other = text;
      other[at] = static_cast<char>(static_cast<unsigned char>(other[at]) ^ (1U << bit));
      numbers.insert(number_of({other}));
    }
  }
  CHECK(numbers.size() == 1 + 8 * text.size());
}

TEST_CASE("numbers count, and so does their order") {
  const auto of = [](std::int64_t first, std::int64_t second) {
    Fingerprint print;
    print.add_number(first);
    print.add_number(second);
    return print.number();
  };
  CHECK(of(1, 2) == of(1, 2));
  CHECK(std::set<std::int64_t>{of(1, 2), of(2, 1), of(-1, 2), of(0, 0), of(1, 3)}.size() == 5);
}

TEST_CASE("places are spread over all, from the first to the last") {
  using Places = std::vector<std::int64_t>;
  CHECK(spread_places(0, 4).empty());
  CHECK(spread_places(3, 4) == Places{0, 1, 2});
  CHECK(spread_places(4, 4) == Places{0, 1, 2, 3});
  CHECK(spread_places(10, 4) == Places{0, 3, 6, 9});
  CHECK(spread_places(10, 1) == Places{0});
  const Places many = spread_places(1'000'000'000'000, 64);
  REQUIRE(many.size() == 64);
  CHECK(many.back() == 999'999'999'999);
  for (std::size_t i = 1; i < many.size(); ++i) {
    const std::int64_t step = many[i] - many[i - 1], even = 999'999'999'999 / 63;
    CHECK((step == even || step == even + 1));
  }
}

TEST_SUITE_END();
