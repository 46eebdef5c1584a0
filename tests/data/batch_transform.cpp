// SPDX-License-Identifier: MIT
#include <afd/data/batch_transform.hpp>
//
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

}  // namespace

static_assert(BatchTransform<afd::UnitRange>);
static_assert(BatchTransform<decltype([](torch::Tensor inputs, CounterRng) { return inputs; })>);
static_assert(!BatchTransform<TakesInputsOnly>);
static_assert(!BatchTransform<ChangesItself>);
static_assert(!BatchTransform<ReturnsNothing>);

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
