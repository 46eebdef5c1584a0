// SPDX-License-Identifier: MIT
#include <afd/data/tensor_dataset.hpp>
//
#include <concepts>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::DataError;
using afd::TensorDataset;

namespace {

/// n samples; sample i is the vector (i, 2 i) and has class i mod classes.
TensorDataset numbered(std::int64_t n, std::int64_t classes = 3) {
  const torch::Tensor index = torch::arange(n, torch::kInt64);
  return {torch::stack({index, 2 * index}, 1).to(torch::kFloat32), index.remainder(classes)};
}

std::vector<std::int64_t> sample_numbers(const TensorDataset& dataset) {
  const torch::Tensor index = dataset.inputs.select(1, 0).to(torch::kInt64).contiguous();
  return {index.data_ptr<std::int64_t>(), index.data_ptr<std::int64_t>() + index.numel()};
}

std::set<std::int64_t> distinct(const TensorDataset& dataset) {
  const auto numbers = sample_numbers(dataset);
  return {numbers.begin(), numbers.end()};
}

bool belongs_together(const TensorDataset& dataset, std::int64_t classes = 3) {
  const torch::Tensor index = dataset.inputs.select(1, 0).to(torch::kInt64);
  return dataset.targets.equal(index.remainder(classes)) &&
         dataset.inputs.select(1, 1).equal(dataset.inputs.select(1, 0) * 2);
}

/// Targets of the user's own.
struct Answer {
  torch::Tensor start;
  torch::Tensor length;
};

template <class D>
concept HasTakePerClass = requires(const D& data) { data.take_per_class(1, 0); };
static_assert(HasTakePerClass<TensorDataset>);

void validate(const torch::Tensor& inputs, const torch::Tensor& targets) {
  TensorDataset{inputs, targets}.validate();
}

}  // namespace

TEST_CASE("validate accepts what networks read, and names what is wrong with the rest") {
  const torch::Tensor labels = torch::zeros({4}, torch::kInt64);
  CHECK_NOTHROW(validate(torch::zeros({4, 3, 2, 2}, torch::kUInt8), labels));
  CHECK_NOTHROW(validate(torch::zeros({4, 5}, torch::kFloat64), labels));
  CHECK_NOTHROW(validate(torch::zeros({4}), labels));
  CHECK_THROWS_WITH_AS(validate({}, labels), doctest::Contains("undefined"), DataError);
  CHECK_THROWS_WITH_AS(validate(torch::zeros({4, 2}), {}), doctest::Contains("undefined"), DataError);
  CHECK_NOTHROW(validate(torch::zeros({4, 2}, torch::kInt64), labels));  // token ids
  CHECK_NOTHROW(validate(torch::zeros({4, 2}), labels.view({4, 1})));    // whoever reads these will judge them
  CHECK_THROWS_WITH_AS(validate(torch::zeros({}), labels), doctest::Contains("[N, ...]"), DataError);
  CHECK_THROWS_WITH_AS(validate(torch::zeros({4, 2}), labels.to(torch::kInt32)),
                       doctest::Contains(".to(torch::kInt64)"), DataError);
  CHECK_THROWS_WITH_AS(validate(torch::zeros({5, 2}), labels), doctest::Contains("5 inputs and 4 targets"), DataError);
  CHECK_THROWS_WITH_AS(validate(torch::zeros({0, 2}), labels.narrow(0, 0, 0)), doctest::Contains("empty"), DataError);
  CHECK_THROWS_WITH_AS(validate(torch::zeros({4, 0}), labels), doctest::Contains("empty"), DataError);
}

TEST_CASE("size counts samples, and is 0 without any tensor") {
  CHECK(numbered(7).size() == 7);
  CHECK(TensorDataset{}.size() == 0);
}

TEST_CASE("select and first keep inputs and targets together and copy them") {
  const TensorDataset whole = numbered(10);
  const TensorDataset some = whole.select({7, 2, 2});
  CHECK(sample_numbers(some) == std::vector<std::int64_t>{7, 2, 2});
  CHECK(belongs_together(some));

  TensorDataset start = whole.first(4);
  CHECK(sample_numbers(start) == std::vector<std::int64_t>{0, 1, 2, 3});
  start.inputs.fill_(100);
  start.targets.fill_(100);
  CHECK(belongs_together(whole));
}

TEST_CASE("first() does not leave out a class, unless that is allowed") {
  const torch::Tensor index = torch::arange(12, torch::kInt64);
  const TensorDataset sorted{torch::stack({index, 2 * index}, 1), index.div(4, "floor")};  // 4 of each of 3 classes
  CHECK_THROWS_WITH_AS(static_cast<void>(sorted.first(8)),
                       doctest::Contains("the first 8 of 12 samples have 2 of the 3 classes: 0, 1; "), DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(sorted.first(8)), doctest::Contains(".take(8, seed)"), DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(sorted.first(8)), doctest::Contains(".first(8, afd::Classes::any)"),
                       DataError);
  CHECK(sample_numbers(sorted.first(9)).back() == 8);
  CHECK(sorted.first(8, afd::Classes::any).size() == 8);
  CHECK_THROWS_AS(static_cast<void>(sorted.first(13, afd::Classes::any)), DataError);
  CHECK(sorted.take(3, 1).size() == 3);  // drawn: as it comes

  TensorDataset partly = sorted;
  partly.targets = sorted.targets.clone();
  partly.targets.narrow(0, 8, 4).fill_(-100);  // no class
  CHECK(partly.first(5).size() == 5);
  CHECK_THROWS_WITH_AS(static_cast<void>(partly.first(4)), doctest::Contains("1 of the 2 classes: 0"), DataError);
  partly.targets.narrow(0, 0, 4).fill_(-100);
  CHECK_THROWS_WITH_AS(static_cast<void>(partly.first(4)), doctest::Contains("0 of the 1 classes: none"), DataError);

  const TensorDataset many{index, index}, soft{index, torch::rand({12, 3})}, numbers{index, torch::rand({12})};
  CHECK_THROWS_WITH_AS(static_cast<void>(many.first(11)), doctest::Contains("0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...; "),
                       DataError);
  CHECK(soft.first(2).size() == 2);
  CHECK(numbers.first(2).size() == 2);
  CHECK(TensorDataset{index, index.view({12, 1})}.first(2).size() == 2);
}

TEST_CASE("class_counts counts samples of each class, and needs labels") {
  TensorDataset whole = numbered(10);
  using Counts = std::map<std::int64_t, std::int64_t>;
  CHECK(whole.class_counts() == Counts{{0, 4}, {1, 3}, {2, 3}});
  whole.targets = whole.targets.clone();
  whole.targets[0] = -100;
  whole.targets[1] = 77;
  CHECK(whole.class_counts() == Counts{{0, 3}, {1, 2}, {2, 3}, {77, 1}});
  const TensorDataset soft{whole.inputs, torch::zeros({10, 3})};
  CHECK_THROWS_WITH_AS(static_cast<void>(soft.class_counts()), doctest::Contains("Float of shape [10, 3]"), DataError);
  CHECK_THROWS_AS(static_cast<void>(TensorDataset{}.class_counts()), DataError);
}

TEST_CASE("the fingerprint is of the content, wherever it lies in memory") {
  const TensorDataset whole = numbered(100);
  const std::int64_t same = whole.fingerprint();
  CHECK(TensorDataset{whole.inputs.clone(), whole.targets.clone()}.fingerprint() == same);
  CHECK(TensorDataset{whole.inputs.t().contiguous().t(), whole.targets}.fingerprint() == same);
  TensorDataset changed{whole.inputs.clone(), whole.targets.clone()};
  changed.targets[57] = 5;
  CHECK(changed.fingerprint() != same);
  changed.targets[57] = whole.targets[57];
  CHECK(changed.fingerprint() == same);
  changed.inputs[31][1] += 1;
  CHECK(changed.fingerprint() != same);
  CHECK(whole.take(100, 1).fingerprint() != same);  // in another order
  CHECK(numbered(99).fingerprint() != same);
  CHECK(afd::tensor_dataset(whole.inputs).fingerprint() != same);
  CHECK(afd::tensor_dataset(std::tuple{whole.inputs, whole.targets}).fingerprint() ==
        afd::tensor_dataset(std::tuple{whole.inputs, whole.targets}).fingerprint());
  const std::vector images{torch::ones({1, 2, 2}), torch::ones({1, 3, 3})};
  CHECK(afd::tensor_dataset(images, torch::arange(2)).fingerprint() !=
        afd::tensor_dataset(std::vector{images[0], images[0]}, torch::arange(2)).fingerprint());
}

TEST_CASE("take draws without replacement, the same samples for the same seed") {
  const TensorDataset whole = numbered(100);
  const TensorDataset some = whole.take(30, 5);
  CHECK(some.size() == 30);
  CHECK(distinct(some).size() == 30);
  CHECK(belongs_together(some));
  CHECK(sample_numbers(whole.take(30, 5)) == sample_numbers(some));
  CHECK(distinct(whole.take(30, 6)) != distinct(some));
  CHECK(distinct(whole.take(100, 5)).size() == 100);
}

TEST_CASE("take_per_class draws the same number of every class") {
  const TensorDataset whole = numbered(100);  // 34, 33, 33 samples
  const TensorDataset some = whole.take_per_class(8, 1);
  CHECK(belongs_together(some));
  CHECK(distinct(some).size() == 24);
  CHECK(torch::bincount(some.targets).equal(torch::tensor({8, 8, 8}, torch::kInt64)));
  CHECK(sample_numbers(whole.take_per_class(8, 1)) == sample_numbers(some));
  CHECK(distinct(whole.take_per_class(8, 2)) != distinct(some));
  CHECK(some.targets.narrow(0, 0, 8).min().item<std::int64_t>() !=
        some.targets.narrow(0, 0, 8).max().item<std::int64_t>());  // mixed, not class after class
  CHECK(whole.take_per_class(33, 1).size() == 99);
  CHECK_THROWS_WITH_AS(static_cast<void>(whole.take_per_class(34, 1)), doctest::Contains("class 1 has only 33"),
                       DataError);
}

TEST_CASE("take_per_class leaves out what has no label, and needs labels") {
  TensorDataset whole = numbered(30);
  whole.targets.narrow(0, 0, 15).fill_(-100);
  const TensorDataset some = whole.take_per_class(5, 1);
  CHECK(some.size() == 15);
  CHECK(some.targets.min().item<std::int64_t>() == 0);
  CHECK(torch::bincount(some.targets).equal(torch::tensor({5, 5, 5}, torch::kInt64)));
  const auto throws = [&](const torch::Tensor& targets, const char* part) {
    const TensorDataset data{whole.inputs, targets};
    CHECK_THROWS_WITH_AS(static_cast<void>(data.take_per_class(2, 1)), doctest::Contains(part), DataError);
  };
  throws(torch::full({30}, -100, torch::kInt64), "all labels are -100");
  throws(torch::zeros({30, 10}), "Float of shape [30, 10]");
  throws(torch::zeros({30, 2}, torch::kInt64), "take()");
  static_assert(!HasTakePerClass<afd::BasicTensorDataset<torch::Tensor, afd::NoTargets>>);
}

TEST_CASE("tuples, structs and data sets without targets have the same subsets") {
  const torch::Tensor index = torch::arange(20, torch::kInt64);
  const auto text = afd::tensor_dataset(std::tuple{index.view({20, 1}).expand({20, 3}), index.remainder(2).eq(0)},
                                        Answer{.start = index, .length = index * 3});
  text.validate();
  CHECK(text.size() == 20);
  const auto goes_together = [](const auto& data) {
    const torch::Tensor& ids = std::get<0>(data.inputs);
    return data.targets.start.equal(ids.select(1, 2)) && data.targets.length.equal(data.targets.start * 3) &&
           std::get<1>(data.inputs).equal(ids.select(1, 0).remainder(2).eq(0));
  };
  const auto [train, validation] = text.split(6, 1);
  CHECK(train.size() == 14);
  CHECK(validation.size() == 6);
  CHECK(goes_together(train));
  CHECK(goes_together(validation));
  CHECK(goes_together(text.take(9, 2)));
  CHECK(goes_together(text.first(3)));
  // The rows are those of the plain data set of the same seed.
  CHECK(text.take(9, 2).targets.start.equal(TensorDataset{index, index}.take(9, 2).targets));
  const auto bare = afd::tensor_dataset(index);
  static_assert(std::same_as<decltype(bare), const afd::BasicTensorDataset<torch::Tensor, afd::NoTargets>>);
  CHECK(bare.take(9, 2).inputs.equal(TensorDataset{index, index}.take(9, 2).targets));
  const afd::BasicTensorDataset pair{index, index};
  static_assert(std::same_as<decltype(pair), const TensorDataset>);
}

TEST_CASE("split gives every sample to one side") {
  const TensorDataset whole = numbered(50);
  const auto [train, validation] = whole.split(12, 3);
  CHECK(train.size() == 38);
  CHECK(validation.size() == 12);
  CHECK(belongs_together(train));
  CHECK(belongs_together(validation));
  std::set<std::int64_t> both = distinct(train);
  both.merge(distinct(validation));
  CHECK(both.size() == 50);
  CHECK(sample_numbers(whole.split(12, 3).validation) == sample_numbers(validation));
  CHECK(distinct(whole.split(12, 4).validation) != distinct(validation));
}

TEST_CASE("counts that cannot be taken are errors that say what can") {
  const TensorDataset whole = numbered(10);
  CHECK_THROWS_WITH_AS(static_cast<void>(whole.first(11)), doctest::Contains("11 of 10 samples; 1 to 10"), DataError);
  CHECK_THROWS_AS(static_cast<void>(whole.first(0)), DataError);
  CHECK_THROWS_AS(static_cast<void>(whole.take(-1, 0)), DataError);
  CHECK_THROWS_AS(static_cast<void>(whole.take_per_class(0, 0)), DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(whole.split(10, 0)), doctest::Contains("1 to 9"), DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(TensorDataset{}.take(1, 0)), doctest::Contains("undefined"), DataError);
}

TEST_SUITE_END();
