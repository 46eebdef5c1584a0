// SPDX-License-Identifier: MIT
#include <afd/data/content_sample.hpp>
//
#include <cstdint>
#include <list>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/batch.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::sampled_bytes;
using afd::detail::sampled_elements;

namespace {

template <class T>
std::int64_t number_of(const T& value) {
  afd::detail::Fingerprint print;
  afd::detail::add_content(print, value);
  return print.number();
}

}  // namespace

TEST_CASE("of a small tensor everything is looked at, of a large one rows from the first to the last") {
  const torch::Tensor small = torch::arange(1000).view({10, 100});
  CHECK(sampled_elements(small, 8000).is_same(small));
  CHECK(sampled_elements(small, 7999).sizes() == torch::IntArrayRef({10 * 50}));  // every other element
  CHECK(sampled_elements(small, 7999).narrow(0, 50, 50).equal(torch::arange(100, 200, 2)));
  const torch::Tensor large = torch::arange(1000 * 30).view({1000, 30});
  const torch::Tensor some = sampled_elements(large, 64 * 30 * 8);
  REQUIRE(some.numel() == 64 * 30);
  CHECK(some.view({64, 30})[0].equal(large[0]));
  CHECK(some.view({64, 30})[1].equal(large[999 / 63]));
  CHECK(some.view({64, 30})[63].equal(large[999]));
  CHECK(sampled_elements(large, 1000).numel() <= 1000 / 8);
  CHECK(sampled_elements(torch::zeros({1, 100000}), 4000).numel() == 1000);
  CHECK(sampled_elements(torch::zeros({}), 1).numel() == 1);
  CHECK(sampled_elements(torch::zeros({100000}, torch::kUInt8), 3).numel() == 64);  // one of each row
}

TEST_CASE("the number is of shape, dtype and elements, however they lie in memory") {
  const torch::Tensor numbers = torch::arange(24, torch::kInt64).view({4, 6});
  CHECK(number_of(numbers) == number_of(numbers.clone()));
  CHECK(number_of(numbers) == number_of(numbers.t().contiguous().t()));
  torch::Tensor other = numbers.clone();
  other[3][5] = 24;
  std::set<std::int64_t> all{number_of(numbers),
                             number_of(other),
                             number_of(numbers.view({6, 4})),
                             number_of(numbers.to(torch::kFloat32)),
                             number_of(numbers.to(torch::kInt32)),
                             number_of(numbers.flip(0)),
                             number_of(torch::Tensor()),
                             number_of(numbers.to(torch::kMeta))};
  CHECK(all.size() == 8);
  CHECK(number_of(numbers.to(torch::kMeta)) == number_of(other.to(torch::kMeta)));  // there is nothing to look at
}

TEST_CASE("a large tensor that differs in every row has another number, also one that lies strangely") {
  torch::manual_seed(1);
  const torch::Tensor images = torch::randint(256, {3000, 3, 16, 16}, torch::kUInt8);
  REQUIRE(images.numel() > sampled_bytes);
  CHECK(number_of(images) == number_of(images.clone()));
  CHECK(number_of(images) == number_of(images.contiguous(torch::MemoryFormat::ChannelsLast)));
  CHECK(number_of(images) != number_of(images.flip(3)));
  CHECK(number_of(images) != number_of(images.roll(1, 0)));
  torch::Tensor changed = images.clone();
  changed[2999][0][0][0].bitwise_not_();
  CHECK(number_of(images) != number_of(changed));
}

TEST_CASE("tensors of tuples, structs and lists count, in their order") {
  const torch::Tensor a = torch::arange(6), b = torch::arange(6, 12);
  struct Both {
    torch::Tensor one, two;
  };
  CHECK(number_of(std::tuple{a, b}) == number_of(Both{a, b}));
  CHECK(number_of(std::tuple{a, b}) != number_of(std::tuple{b, a}));
  CHECK(number_of(std::tuple{a, b}) != number_of(a));
  CHECK(number_of(afd::NoTargets{}) == afd::detail::Fingerprint().number());
  const std::vector list{a, b, torch::ones({2, 2})};
  CHECK(number_of(list) == number_of(std::list<torch::Tensor>(list.begin(), list.end())));
  CHECK(number_of(list) != number_of(std::vector{a, b}));
  CHECK(number_of(list) != number_of(std::vector{a, b, torch::zeros({2, 2})}));
  CHECK(number_of(std::vector(1000, a)) != number_of(std::vector(1001, a)));
  const std::vector<std::vector<torch::Tensor>> deep{std::vector<torch::Tensor>(20000, torch::tensor(3.0)), {}};
  CHECK(number_of(deep) == number_of(deep));
}

TEST_SUITE_END();
