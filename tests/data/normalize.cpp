// SPDX-License-Identifier: MIT
#include <afd/data/normalize.hpp>
//
#include <cstddef>
#include <limits>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CounterRng;
using afd::DataError;
using afd::Normalize;
using afd::TensorDataset;

namespace {

const Normalize two_channels{.mean = {0.25, -3}, .stddev = {0.5, 2}};

torch::Tensor normalized(const torch::Tensor& inputs, const Normalize& transform = two_channels) {
  return transform(inputs, CounterRng(0, 0));
}

/// (x - mean) / stddev in double, channel by channel.
torch::Tensor closed_form(const torch::Tensor& inputs, double unit) {
  const torch::Tensor values = inputs.to(torch::kFloat64) / unit;
  return torch::stack({(values.select(1, 0) - 0.25) / 0.5, (values.select(1, 1) + 3) / 2}, 1);
}

TensorDataset labelled(const torch::Tensor& inputs) {
  return {inputs, torch::zeros({inputs.size(0)}, torch::kInt64)};
}

}  // namespace

TEST_CASE("Normalize agrees with its formula for bytes, floats and doubles of any rank") {
  const torch::Tensor bytes = torch::arange(256, torch::kUInt8).view({16, 2, 2, 4});
  const torch::Tensor from_bytes = normalized(bytes);
  CHECK(from_bytes.dtype() == torch::kFloat32);
  CHECK(torch::allclose(from_bytes.to(torch::kFloat64), closed_form(bytes, 255), 1e-6, 1e-6));

  torch::manual_seed(3);
  const torch::Tensor doubles = torch::randn({5, 2, 3}, torch::kFloat64);
  const torch::Tensor before = doubles.clone();
  CHECK(normalized(doubles).dtype() == torch::kFloat64);
  CHECK(torch::allclose(normalized(doubles), closed_form(doubles, 1), 1e-14, 1e-14));
  CHECK(doubles.equal(before));
  const torch::Tensor vectors = torch::randn({5, 2});
  CHECK(normalized(vectors).dtype() == torch::kFloat32);
  CHECK(torch::allclose(normalized(vectors).to(torch::kFloat64), closed_form(vectors, 1), 1e-6, 1e-6));
}

TEST_CASE("Normalize names statistics that cannot be used or do not fit") {
  const torch::Tensor images = torch::zeros({1, 2, 3, 3});
  const auto normalize = [](const torch::Tensor& inputs, const Normalize& transform) {
    static_cast<void>(normalized(inputs, transform));
  };
  CHECK_THROWS_WITH_AS(normalize(images, {{0, 0}, {1, 0}}), doctest::Contains("stddev of 0"), afd::ConfigError);
  CHECK_THROWS_AS(normalize(images, {{0, 0}, {1, std::numeric_limits<double>::quiet_NaN()}}), afd::ConfigError);
  CHECK_THROWS_WITH_AS(normalize(images, {{0, 0}, {1}}), doctest::Contains("2 means but 1 stddevs"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(normalize(images, {{0}, {1}}), doctest::Contains("[1, 2, 3, 3]"), DataError);
  CHECK_THROWS_AS(normalize(torch::zeros({2}), two_channels), DataError);
  CHECK_THROWS_WITH_AS(normalize(images.to(torch::kInt64), two_channels), doctest::Contains("Long"), DataError);
}

TEST_CASE("channel_statistics are those of the whole data set, over several pieces") {
  torch::manual_seed(4);
  const torch::Tensor bytes = torch::randint(0, 256, {1'300, 3, 2, 5}, torch::kUInt8);
  bytes.narrow(0, 0, 600).select(1, 1).div_(2, "floor");  // pieces of different means
  const Normalize statistics = afd::channel_statistics(labelled(bytes));
  REQUIRE(statistics.mean.size() == 3);
  REQUIRE(statistics.stddev.size() == 3);
  for (std::int64_t c = 0; c < 3; ++c) {
    const torch::Tensor channel = bytes.select(1, c).to(torch::kFloat64) / 255;
    const auto at = static_cast<std::size_t>(c);
    CHECK(statistics.mean[at] == doctest::Approx(channel.mean().item<double>()).epsilon(1e-12));
    CHECK(statistics.stddev[at] == doctest::Approx(channel.std(/*unbiased=*/false).item<double>()).epsilon(1e-12));
  }

  const torch::Tensor standard = statistics(bytes, CounterRng(0, 0)).transpose(0, 1).flatten(1);
  CHECK(torch::allclose(standard.mean(1), torch::zeros({3}), 0, 1e-5));
  CHECK(torch::allclose(standard.std(1, /*unbiased=*/false), torch::ones({3}), 1e-5, 0));
}

TEST_CASE("channel_statistics keep their digits far from zero, and take floats as they are") {
  torch::manual_seed(5);
  const torch::Tensor values = torch::randn({1'100, 2}, torch::kFloat64);
  const Normalize near = afd::channel_statistics(labelled(values));
  const Normalize far = afd::channel_statistics(labelled(values + 1e7));
  CHECK(near.stddev[0] == doctest::Approx(values.select(1, 0).std(false).item<double>()).epsilon(1e-12));
  CHECK(far.mean[1] == doctest::Approx(near.mean[1] + 1e7).epsilon(1e-14));
  CHECK(far.stddev[1] == doctest::Approx(near.stddev[1]).epsilon(1e-7));  // squares of 1e7 would leave 1e-2
}

TEST_CASE("channel_statistics do not ask for targets of any kind") {
  const torch::Tensor values = torch::rand({20, 3, 2, 2});
  CHECK(afd::channel_statistics(afd::tensor_dataset(values)).mean == afd::channel_statistics(labelled(values)).mean);
}

TEST_CASE("channel_statistics need valid data with channels") {
  CHECK_THROWS_AS(static_cast<void>(afd::channel_statistics({})), DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::channel_statistics(labelled(torch::zeros({4, 2}, torch::kInt64)))),
                       doctest::Contains("uint8 or floating-point"), DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::channel_statistics(labelled(torch::zeros({4})))),
                       doctest::Contains("[N, C, ...]"), DataError);
}

TEST_SUITE_END();
