// SPDX-License-Identifier: MIT
#include <afd/data/batch_transform.hpp>
//
#include <array>
#include <concepts>
#include <cstdint>
#include <tuple>
#include <utility>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::BatchTransform;
using afd::CounterRng;

namespace {

struct TakesInputsOnly {
  torch::Tensor operator()(const torch::Tensor& inputs) const { return inputs; }
};
struct ChangesItself {
  torch::Tensor operator()(const torch::Tensor& inputs, const CounterRng&) { return inputs; }
};
struct ReturnsNothing {
  void operator()(torch::Tensor, const CounterRng&) const {}
};

/// Token ids with a mask.
using Text = std::tuple<torch::Tensor, torch::Tensor>;
using TextBatch = afd::BasicBatch<Text, torch::Tensor>;

struct CountsClasses {
  auto operator()(const afd::Batch& batch, const CounterRng&) const {
    return afd::BasicBatch{batch.inputs, std::pair{batch.targets, batch.targets.max().item<std::int64_t>() + 1}};
  }
};
struct NoBatch {
  torch::Tensor operator()(const afd::Batch& batch, const CounterRng&) const { return batch.inputs; }
};

struct Picture {
  torch::Tensor pixels;
  double zoom = 1;
};

}  // namespace

static_assert(BatchTransform<afd::UnitRange>);
static_assert(BatchTransform<decltype([](torch::Tensor inputs, CounterRng) { return inputs; })>);
static_assert(!BatchTransform<TakesInputsOnly>);
static_assert(!BatchTransform<ChangesItself>);
static_assert(!BatchTransform<ReturnsNothing>);

static_assert(afd::TransformsInputs<afd::UnitRange, Text> && BatchTransform<afd::UnitRange, TextBatch>);
static_assert(BatchTransform<CountsClasses> && !afd::TransformsInputs<CountsClasses>);
static_assert(!BatchTransform<CountsClasses, TextBatch>);
static_assert(!BatchTransform<NoBatch>);
static_assert(BatchTransform<decltype([](const Text& text, CounterRng) { return std::get<0>(text); }), TextBatch>);

TEST_CASE("a transform of the inputs may change their type, and leaves the targets") {
  const torch::Tensor ids = torch::arange(6).view({2, 3}), mask = ids.gt(0), labels = torch::arange(2);
  const auto embed = [](const Text& text, const CounterRng& rng) {
    return std::array{std::get<0>(text) * std::get<1>(text), torch::full({2}, rng.unit(0))};
  };
  const CounterRng rng(3, 4);
  const auto made = afd::detail::transformed(embed, TextBatch{{ids, mask}, labels}, rng);
  static_assert(std::same_as<decltype(made.inputs), std::array<torch::Tensor, 2>>);
  CHECK(made.inputs[0].equal(ids));
  CHECK(made.inputs[1][0].item<float>() == doctest::Approx(rng.unit(0)));
  CHECK(made.targets.is_same(labels));
}

TEST_CASE("a transform of the batch sees and changes both; one that could take either is given the inputs") {
  const afd::Batch batch{torch::zeros({3, 2}, torch::kUInt8), torch::tensor({0, 2, 1}, torch::kInt64)};
  const auto counted = afd::detail::transformed(CountsClasses{}, batch, CounterRng(0, 0));
  static_assert(std::same_as<decltype(counted.targets), std::pair<torch::Tensor, std::int64_t>>);
  CHECK(counted.targets.second == 3);
  const auto unit = afd::detail::transformed(afd::UnitRange{}, batch, CounterRng(0, 0));
  CHECK(unit.inputs.dtype() == torch::kFloat32);
  CHECK(unit.targets.is_same(batch.targets));
}

TEST_CASE("UnitRange passes ids and masks, and finds the bytes between them") {
  const torch::Tensor ids = torch::arange(6), mask = ids.gt(3), bytes = torch::full({6}, 255, torch::kUInt8);
  const auto scaled = afd::UnitRange{}(std::tuple{ids, mask, Picture{.pixels = bytes, .zoom = 2}}, CounterRng(0, 0));
  CHECK(std::get<0>(scaled).is_same(ids));
  CHECK(std::get<1>(scaled).is_same(mask));
  CHECK(std::get<2>(scaled).pixels.equal(torch::ones({6})));
  CHECK(std::get<2>(scaled).zoom == 2);
}

TEST_CASE("UnitRange scales bytes to [0, 1] and passes floating point on") {
  const torch::Tensor bytes = torch::arange(256, torch::kUInt8).view({4, 1, 8, 8});
  const torch::Tensor scaled = afd::UnitRange{}(bytes, CounterRng(0, 0));
  CHECK(scaled.dtype() == torch::kFloat32);
  CHECK(torch::allclose(scaled.to(torch::kFloat64), bytes.to(torch::kFloat64) / 255, 1e-7, 1e-7));
  CHECK(scaled.max().item<float>() == 1.0F);
  const torch::Tensor floats = torch::full({2, 3}, 7.5);
  CHECK(afd::UnitRange{}(floats, CounterRng(0, 0)).is_same(floats));
}

TEST_SUITE_END();
