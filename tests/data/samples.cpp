// SPDX-License-Identifier: MIT
#include <afd/data/samples.hpp>
//
#include <array>
#include <optional>
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include <afd/data/batch.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::DataError;
using afd::detail::check_samples;
using afd::detail::samples_at;

namespace {

struct Scene {
  torch::Tensor image;
  std::optional<torch::Tensor> depth;
  double gain = 1;
};

torch::Tensor rows(const std::vector<std::int64_t>& numbers) {
  return torch::tensor(numbers, torch::kInt64);
}

template <class I, class T>
void throws(const I& inputs, const T& targets, const char* part) {
  CHECK_THROWS_WITH_AS(check_samples(inputs, targets), doctest::Contains(part), DataError);
}

}  // namespace

TEST_CASE("samples are picked from each tensor of a tuple or a struct alike, as copies") {
  const torch::Tensor numbers = torch::arange(5);
  const std::tuple both{numbers, torch::stack({numbers, -numbers}, 1)};
  auto picked = samples_at(both, rows({4, 0, 4}));
  CHECK(std::get<0>(picked).equal(rows({4, 0, 4})));
  CHECK(std::get<1>(picked).select(1, 1).equal(rows({-4, 0, -4})));
  std::get<0>(picked).fill_(9);
  CHECK(numbers.equal(torch::arange(5)));
  const Scene scene = samples_at(Scene{numbers, numbers * 2, 0.5}, rows({3}));
  CHECK(scene.image.equal(rows({3})));
  CHECK(scene.depth->equal(rows({6})));
  CHECK(scene.gain == 0.5);
  CHECK(samples_at(afd::NoTargets{}, rows({1})) == afd::NoTargets{});
}

TEST_CASE("a list is one of samples, which may differ in shape; they are copied too") {
  const std::vector images{torch::zeros({3, 4, 4}), torch::ones({3, 2, 6}), torch::full({3, 1, 1}, 2)};
  auto picked = samples_at(images, rows({2, 1}));
  REQUIRE(picked.size() == 2);
  CHECK(picked[0].equal(images[2]));
  CHECK(picked[1].equal(images[1]));
  picked[0].fill_(9);
  CHECK(images[2].equal(torch::full({3, 1, 1}, 2)));
}

TEST_CASE("inputs and targets of any kind pass if each has all samples") {
  const torch::Tensor images = torch::zeros({4, 3, 8, 8}, torch::kUInt8);
  const torch::Tensor ids = torch::zeros({4, 7}, torch::kInt64), mask = torch::ones({4, 7}, torch::kBool);
  CHECK_NOTHROW(check_samples(std::tuple{ids, mask}, torch::zeros({4}, torch::kInt64)));
  CHECK_NOTHROW(check_samples(images, torch::zeros({4, 10})));                   // soft labels
  CHECK_NOTHROW(check_samples(images, torch::zeros({4, 8, 8}, torch::kInt64)));  // dense labels
  CHECK_NOTHROW(check_samples(images, torch::zeros({4, 5}, torch::kBool)));      // several labels
  CHECK_NOTHROW(check_samples(images, torch::zeros({4})));                       // one number to predict
  CHECK_NOTHROW(check_samples(images, std::array{ids, ids}));
  CHECK_NOTHROW(check_samples(Scene{images, std::nullopt}, afd::NoTargets{}));
  CHECK_NOTHROW(check_samples(std::vector(4, torch::zeros({3, 2, 2})), std::vector(4, torch::zeros({0, 4}))));
}

TEST_CASE("the tensor that does not fit is named") {
  const torch::Tensor four = torch::zeros({4, 2}), five = torch::zeros({5, 2}), none;
  throws(std::tuple{four, none}, four, "undefined");
  throws(four, none, "afd::tensor_dataset(inputs)");
  throws(std::tuple{four, five}, four, "4 inputs and 5 rows in tensor 1 of the inputs");
  throws(four, std::tuple{four, four, five}, "4 inputs and 5 rows in tensor 2 of the targets");
  throws(four, five, "4 inputs and 5 targets");
  throws(four, std::vector(3, four), "4 inputs and 3 targets");
  throws(std::tuple{four, torch::zeros({})}, four, "tensor 1 of the inputs must be [N, ...]");
  throws(torch::zeros({}), four, "inputs must be [N, ...]");
  throws(std::tuple<>{}, four, "no tensor");
  throws(std::vector<torch::Tensor>{}, four, "no tensor");
  throws(torch::zeros({4, 0}), four, "empty");
  throws(four, torch::zeros({4}, torch::kInt32), ".to(torch::kInt64)");
  throws(four, torch::zeros({4, 2}, torch::TensorOptions().device(torch::kMeta)), "targets on meta");
}

TEST_SUITE_END();
