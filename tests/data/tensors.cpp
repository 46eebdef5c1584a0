// SPDX-License-Identifier: MIT
#include <afd/data/tensors.hpp>
//
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::for_each_tensor;
using afd::map_tensors;
using torch::Tensor;

namespace {

enum class Source { left, right };

/// Of everything that is looked into, and of what is passed over.
struct Everything {
  Tensor image;
  std::string name;
  std::pair<Tensor, double> weighted;
  std::vector<Tensor> boxes;
  std::optional<Tensor> mask;
  std::optional<Tensor> absent;
  std::array<Tensor, 2> eyes;
  Source source = Source::left;
  std::map<std::string, Tensor> named;
};

struct Twelve {
  Tensor a, b, c, d, e, f, g, h, i, j, k, l;
};
struct Thirteen {
  Tensor a, b, c, d, e, f, g, h, i, j, k, l, m;
};

class Closed {
 public:
  explicit Closed(Tensor hidden) : hidden_(std::move(hidden)) {}
  [[nodiscard]] const Tensor& hidden() const { return hidden_; }

 private:
  Tensor hidden_;
};

class Listed {
 public:
  Listed(Tensor first, Tensor second, Tensor third)
      : second_(std::move(second)), third_(std::move(third)), first_(std::move(first)) {}

 private:
  Tensor second_, third_, first_;

 public:
  static constexpr auto tensors = std::tuple{&Listed::first_, &Listed::second_};  // the third is none of ours
};

/// Someone else's, with a constructor.
struct Foreign {
  Foreign(Tensor left_half, Tensor right_half) : left(std::move(left_half)), right(std::move(right_half)) {}
  Tensor left, right;
};

struct CountsItself {
  Tensor packed;
  std::int64_t samples = 0;
  [[nodiscard]] std::int64_t sample_count() const { return samples; }
};

template <class T>
std::vector<int> numbers(const T& value) {
  std::vector<int> found;
  for_each_tensor(value, [&](const Tensor& tensor) { found.push_back(tensor.item<int>()); });
  return found;
}

Tensor number(int value) {
  return torch::full({}, value);
}

}  // namespace

template <>
struct afd::TensorMembers<Foreign> {
  static constexpr auto value = std::tuple{&Foreign::left, &Foreign::right};
};

using afd::detail::can_be_walked;
static_assert(can_be_walked<Tensor>() && can_be_walked<Everything>() && can_be_walked<Twelve>());
static_assert(can_be_walked<Listed>() && can_be_walked<Foreign>() && can_be_walked<std::vector<Closed>>());
static_assert(!can_be_walked<Closed>() && !can_be_walked<Thirteen>());

TEST_CASE("every tensor is found once, in the order of the members, as deep as they go") {
  const Everything all{.image = number(1),
                       .name = "cat",
                       .weighted = {number(2), 0.5},
                       .boxes = {number(3), number(4)},
                       .mask = number(5),
                       .absent = std::nullopt,
                       .eyes = {number(6), number(7)},
                       .source = Source::right,
                       .named = {{"a", number(8)}, {"b", number(9)}}};
  CHECK(numbers(all) == std::vector{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(numbers(std::tuple{number(0), all, std::vector{std::pair{number(10), 3}}}).size() == 11);
  CHECK(numbers(number(4)) == std::vector{4});
  CHECK(numbers(std::tuple{1, "text", std::string("text")}).empty());
  CHECK(numbers(std::tuple<>{}).empty());
}

TEST_CASE("a class lists its tensors, or someone else lists them for it") {
  CHECK(numbers(Listed(number(1), number(2), number(3))) == std::vector{1, 2});
  CHECK(numbers(std::vector{Foreign(number(4), number(5)), Foreign(number(6), number(7))}) == std::vector{4, 5, 6, 7});
}

TEST_CASE("twelve members are looked into") {
  Twelve all;
  int next = 0;
  for_each_tensor(all, [&](Tensor& tensor) { tensor = number(next++); });
  CHECK(next == 12);
  CHECK(all.a.item<int>() == 0);
  CHECK(all.l.item<int>() == 11);
}

TEST_CASE("map_tensors gives the same kind of value, and leaves the one it was given") {
  const std::tuple before{number(1), std::vector{number(2), number(3)}, 7};
  const auto after = map_tensors(before, [](const Tensor& tensor) { return tensor * 10; });
  CHECK(numbers(after) == std::vector{10, 20, 30});
  CHECK(std::get<2>(after) == 7);
  CHECK(numbers(before) == std::vector{1, 2, 3});
  const Tensor one = number(1);
  CHECK(map_tensors(one, [](const Tensor& tensor) { return tensor; }).is_same(one));
}

TEST_CASE("the first tensor stands for the value, and tells how many samples there are") {
  const Tensor images = torch::zeros({5, 3});
  CHECK(afd::first_tensor(std::tuple{std::string("x"), std::optional{images}, torch::zeros({4})}).is_same(images));
  CHECK_FALSE(afd::first_tensor(3).defined());
  CHECK(afd::sample_count(images) == 5);
  CHECK(afd::sample_count(std::pair{images, torch::zeros({4})}) == 5);
  CHECK(afd::sample_count(std::array{images, images}) == 5);
  CHECK(afd::sample_count(std::vector{torch::zeros({3, 8, 9}), torch::zeros({3, 7, 7})}) == 2);
  CHECK(afd::sample_count(CountsItself{torch::zeros({100}), 7}) == 7);
  CHECK(afd::sample_count(Tensor{}) == 0);
  CHECK(afd::sample_count(number(1)) == 0);
  CHECK(afd::sample_count(std::tuple<>{}) == 0);
}

TEST_SUITE_END();
