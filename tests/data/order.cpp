// SPDX-License-Identifier: MIT
#include <afd/data/order.hpp>
//
#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CounterRng;
using afd::permutation;
using afd::detail::SplitMix64;
using Order = std::vector<std::int64_t>;

namespace {

constexpr std::array<std::uint64_t, 3> first_words(std::uint64_t seed) {
  SplitMix64 random(seed);
  const std::uint64_t a = random.next(), b = random.next(), c = random.next();
  return {a, b, c};
}

}  // namespace

// The generator's published test vectors.
static_assert(first_words(0)[0] == 0xe220a8397b1dcdaf);
static_assert(first_words(1234567) ==
              std::array<std::uint64_t, 3>{6457827717110365317U, 3203168211198807973U, 9817491932198370423U});

TEST_CASE("a permutation belongs to its seed and epoch for good") {
  // Pinned from an independent implementation: a change here changes every published run.
  CHECK(permutation(10, 0, 0) == Order{2, 9, 6, 4, 5, 0, 7, 3, 1, 8});
  CHECK(permutation(10, 0, 1) == Order{2, 8, 7, 0, 3, 4, 1, 5, 6, 9});
  CHECK(permutation(10, 1, 0) == Order{5, 9, 8, 2, 7, 3, 4, 1, 6, 0});
  Order large = permutation(60'000, 42, 7);
  large.resize(10);
  CHECK(large == Order{19713, 11418, 57114, 2064, 52264, 769, 16502, 39955, 35840, 19731});
}

TEST_CASE("a permutation holds every index once, at any size") {
  for (const std::int64_t n : {0, 1, 2, 3, 1000}) {
    Order order = permutation(n, 9, 3);
    std::ranges::sort(order);
    Order expected(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<std::int64_t>(i);
    CHECK(order == expected);
  }
  CHECK_THROWS_WITH_AS(static_cast<void>(permutation(-1, 0, 0)), doctest::Contains("-1 items"), afd::ConfigError);
}

TEST_CASE("all orders of four items are equally likely") {
  std::map<Order, int> seen;
  constexpr int epochs = 24'000;
  for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) ++seen[permutation(4, 5, epoch)];
  REQUIRE(seen.size() == 24);
  double chi_squared = 0;
  for (const auto& [order, times] : seen) {
    const double surplus = times - epochs / 24.0;
    chi_squared += surplus * surplus / (epochs / 24.0);
  }
  CHECK(chi_squared < 49.7);  // 23 degrees of freedom: 0.1 % of honest generators exceed this
}

TEST_CASE("bounded numbers are unbiased where a plain remainder would not be") {
  // Of 2^64 words, a remainder modulo 3 * 2^62 would put one half, not one third, below 2^62.
  constexpr std::uint64_t third = std::uint64_t{1} << 62;
  SplitMix64 random(11);
  int low = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::uint64_t number = random.below(3 * third);
    REQUIRE(number < 3 * third);
    if (number < third) ++low;
  }
  CHECK(low > 9'700);
  CHECK(low < 10'300);
  CHECK(random.below(1) == 0);
}

TEST_CASE("CounterRng's numbers belong to seed, epoch, position and draw for good") {
  static_assert(CounterRng(0, 0).bits(0) == 0x4a89de5d19097960);
  CHECK(CounterRng(42, 7).bits(1000, 2) == 0x18364d39d816c05c);
  CHECK(CounterRng(42, 7).stream(3).bits(1000, 2) == 0x6442105f1ae366c5);
  Order draws;
  for (std::int64_t i = 0; i < 10; ++i) draws.push_back(CounterRng(5, 1).below(9, i, 1));
  CHECK(draws == Order{6, 4, 5, 6, 2, 6, 7, 6, 1, 0});
}

TEST_CASE("a sample's numbers do not depend on where its batch starts") {
  CHECK(CounterRng(3, 2, 100).bits(17, 1) == CounterRng(3, 2).bits(117, 1));
  CHECK(CounterRng(3, 2, 100).stream(4).unit(17) == CounterRng(3, 2).stream(4).unit(117));
}

TEST_CASE("every part of the key matters") {
  const std::uint64_t bits = CounterRng(1, 2).bits(3, 4);
  CHECK(bits != CounterRng(0, 2).bits(3, 4));
  CHECK(bits != CounterRng(1, 0).bits(3, 4));
  CHECK(bits != CounterRng(1, 2).bits(0, 4));
  CHECK(bits != CounterRng(1, 2).bits(3, 0));
  CHECK(bits != CounterRng(2, 1).bits(3, 4));
  CHECK(bits != CounterRng(1, 2).bits(4, 3));
  CHECK(bits != CounterRng(1, 2).stream(0).bits(3, 4));
  CHECK(CounterRng(1, 2).stream(0).bits(3, 4) != CounterRng(1, 2).stream(1).bits(3, 4));
}

TEST_CASE("unit and below are uniform over samples") {
  const CounterRng random(8, 0);
  constexpr std::int64_t samples = 90'000;
  double sum = 0, squares = 0, products = 0;
  std::array<int, 9> seen{};
  for (std::int64_t i = 0; i < samples; ++i) {
    const double number = random.unit(i);
    REQUIRE(number >= 0);
    REQUIRE(number < 1);
    sum += number;
    squares += number * number;
    products += (number - 0.5) * (random.unit(i, 1) - 0.5);
    ++seen[static_cast<std::size_t>(random.below(9, i, 2))];
  }
  CHECK(sum / samples == doctest::Approx(0.5).epsilon(0.01));
  CHECK(squares / samples == doctest::Approx(1.0 / 3).epsilon(0.01));
  CHECK(products / samples == doctest::Approx(0).epsilon(0.001));  // draws of one sample are uncorrelated
  for (const int times : seen) CHECK(times == doctest::Approx(samples / 9).epsilon(0.04));
}

TEST_SUITE_END();
