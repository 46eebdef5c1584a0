// SPDX-License-Identifier: MIT
#include <afd/state/state_format.hpp>
//
#include <cmath>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

using afd::Bytes;
using afd::StateElement;
using afd::StateView;
using afd::TensorView;

namespace {

const Bytes elements{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

StateView example() {
  return {{"epoch", std::int64_t{-7}},
          {"rate", 0.1},
          {"name", std::string("pair")},
          {"empty", TensorView{StateElement::float64, {0, 3}, {}}},
          {"scalar", TensorView{StateElement::uint8, {}, std::span(elements).first(1)}},
          {"weights", TensorView{StateElement::int16, {2, 3}, elements}}};
}

Bytes flat(const TensorView& tensor) {
  return {tensor.bytes.begin(), tensor.bytes.end()};
}

}  // namespace

TEST_CASE("a state comes back as it was") {
  const Bytes bytes = afd::format_state(example());
  const StateView state = afd::parse_state(bytes, "file");
  REQUIRE(state.size() == 6);
  CHECK(std::get<std::int64_t>(state.at("epoch")) == -7);
  CHECK(std::get<double>(state.at("rate")) == 0.1);
  CHECK(std::get<std::string>(state.at("name")) == "pair");
  const auto& weights = std::get<TensorView>(state.at("weights"));
  CHECK(weights.element == StateElement::int16);
  CHECK(weights.sizes == std::vector<std::int64_t>{2, 3});
  CHECK(flat(weights) == elements);
  CHECK(std::get<TensorView>(state.at("scalar")).sizes.empty());
  CHECK(std::get<TensorView>(state.at("empty")).bytes.empty());
  CHECK(afd::format_state(state) == bytes);
  CHECK(afd::parse_state(afd::format_state({}), "file").empty());
}

TEST_CASE("reals keep every bit") {
  const double nan = std::bit_cast<double>(std::uint64_t{0x7ff8000000001234});
  const Bytes bytes = afd::format_state({{"a", nan}, {"b", -0.0}});
  const StateView state = afd::parse_state(bytes, "file");
  CHECK(std::bit_cast<std::uint64_t>(std::get<double>(state.at("a"))) == 0x7ff8000000001234);
  CHECK(std::signbit(std::get<double>(state.at("b"))));
}

TEST_CASE("truncated anywhere it is refused; changed anywhere it is refused or read, but never past its end") {
  const Bytes bytes = afd::format_state(example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_THROWS_AS(static_cast<void>(afd::parse_state(std::span(bytes).first(length), "file")), afd::FormatError);
  }
  std::size_t read = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = bytes;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ (1 << bit));
      try {
        static_cast<void>(afd::parse_state(damaged, "file"));
        ++read;
      } catch (const afd::FormatError&) {
      }
    }
  }
  CHECK(read < bytes.size() * 8);
}

TEST_CASE("what could overflow, or is written by nobody, is refused") {
  const auto refused = [](const Bytes& bytes, const char* message) {
    CHECK_THROWS_WITH_AS(static_cast<void>(afd::parse_state(bytes, "a.afd")), doctest::Contains(message),
                         afd::FormatError);
  };
  using afd::detail::put_number;
  const auto begin = [](std::string_view key, int type) {
    Bytes bytes;
    put_number(bytes, 1, 8);
    afd::detail::put_text(bytes, key, 4);
    put_number(bytes, static_cast<std::uint64_t>(type), 1);
    return bytes;
  };
  refused(begin("key", 9), "unknown type 9");
  Bytes huge = begin("key", 3);
  put_number(huge, 8, 1);  // float64
  put_number(huge, 2, 1);
  put_number(huge, std::uint64_t{1} << 62, 8);
  put_number(huge, std::uint64_t{1} << 62, 8);
  refused(huge, "larger than any memory");
  Bytes ranks = begin("key", 3);
  put_number(ranks, 8, 1);
  put_number(ranks, 200, 1);
  refused(ranks, "200 dimensions");
  Bytes element = begin("key", 3);
  put_number(element, 77, 1);
  refused(element, "unknown type");
  Bytes text = begin("key", 2);
  put_number(text, ~std::uint64_t{0}, 8);
  refused(text, "ends inside");
  Bytes twice;
  put_number(twice, 2, 8);
  for (int i = 0; i < 2; ++i) {
    afd::detail::put_text(twice, "key", 4);
    put_number(twice, 0, 1);
    put_number(twice, 5, 8);
  }
  refused(twice, "key is out of order");
  Bytes more = afd::format_state(example());
  more.push_back(0);
  refused(more, "follows its last entry");
  Bytes count;
  put_number(count, ~std::uint64_t{0}, 8);
  refused(count, "ends inside");
}

TEST_SUITE_END();
