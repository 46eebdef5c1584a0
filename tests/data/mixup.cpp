// SPDX-License-Identifier: MIT
#include <afd/data/mixup.hpp>
//
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include <afd/data/loader.hpp>
#include <afd/data/views.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Batch;
using afd::CounterRng;
using afd::Mixup;

namespace {

constexpr std::int64_t count = 12;
const CounterRng rng(5, 1, 24);

/// Sample i is the unit vector i with class i: a mixed row shows what it was mixed of.
Batch units() {
  return {torch::eye(count, torch::kFloat64), torch::arange(count)};
}

}  // namespace

static_assert(!afd::BatchTransform<Mixup, afd::BasicBatch<torch::Tensor, afd::NoTargets>>);
static_assert(!afd::BatchTransform<Mixup, afd::BasicBatch<std::vector<torch::Tensor>, torch::Tensor>>);

TEST_CASE("each row is lambda of itself and the rest of one other row, lambda the same for all, labels alike") {
  const Batch mixed = Mixup{.alpha = 1, .classes = count}(units(), rng);
  const double lambda = afd::detail::beta_sample(1, 1, rng.stream(0));
  REQUIRE(lambda > 0.05);
  REQUIRE(lambda < 0.95);
  std::vector<bool> taken(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const torch::Tensor rest = mixed.inputs[i] - lambda * torch::eye(count, torch::kFloat64)[i];
    const auto partner = rest.argmax().item<std::int64_t>();
    CHECK(torch::allclose(rest, (1 - lambda) * torch::eye(count, torch::kFloat64)[partner], 0, 1e-15));
    CHECK_FALSE(taken[static_cast<std::size_t>(partner)]);
    taken[static_cast<std::size_t>(partner)] = true;
  }
  CHECK(mixed.targets.equal(mixed.inputs));  // the same mixture of the same unit vectors
  CHECK(torch::allclose(mixed.targets.sum(1), torch::ones({count}, torch::kFloat64), 0, 1e-15));
}

TEST_CASE("the batch it was given stays as it was, and the same batch is mixed to the same bits") {
  const Batch batch = units();
  const Mixup mixup{.classes = count};
  const Batch mixed = mixup(batch, rng);
  CHECK(batch.inputs.equal(units().inputs));
  CHECK(mixup(batch, rng).inputs.equal(mixed.inputs));
  CHECK(mixup(batch, rng).targets.equal(mixed.targets));
  CHECK_FALSE(mixup(batch, CounterRng(5, 2, 24)).inputs.equal(mixed.inputs));
  CHECK_FALSE(mixup(batch, CounterRng(5, 1, 36)).inputs.equal(mixed.inputs));
}

TEST_CASE("soft labels are mixed as they are, and labels of float inputs are float") {
  const torch::Tensor soft = torch::rand({count, 4}, torch::kFloat64);
  const Batch mixed = Mixup{.classes = 4}({torch::eye(count, torch::kFloat64), soft}, rng);
  CHECK(torch::allclose(mixed.targets, mixed.inputs.matmul(soft)));
  const Batch halves = Mixup{.classes = count}({torch::eye(count).to(torch::kBFloat16), torch::arange(count)}, rng);
  CHECK(halves.inputs.dtype() == torch::kBFloat16);
  CHECK(halves.targets.dtype() == torch::kFloat32);
}

TEST_CASE("all tensors and views of the inputs are mixed alike") {
  const torch::Tensor eye = torch::eye(count, torch::kFloat64);
  const afd::BasicBatch batch{afd::Views{eye, std::tuple{eye * 2, eye * 3}}, torch::arange(count)};
  const auto mixed = Mixup{.alpha = 1, .classes = count}(batch, rng);
  CHECK(torch::allclose(std::get<0>(mixed.inputs.each), mixed.targets));
  CHECK(torch::allclose(std::get<1>(std::get<1>(mixed.inputs.each)), mixed.targets * 3));
}

TEST_CASE("what cannot be mixed is named, with the way out") {
  const auto throws = [](const auto& inputs, const torch::Tensor& targets, const char* part) {
    const auto mix = [&] { static_cast<void>(Mixup{.classes = 3}(afd::BasicBatch{inputs, targets}, rng)); };
    CHECK_THROWS_WITH_AS(mix(), doctest::Contains(part), afd::DataError);
  };
  const torch::Tensor labels = torch::zeros({4}, torch::kInt64), images = torch::zeros({4, 1, 2, 2});
  throws(images.to(torch::kUInt8), labels, "put afd::UnitRange{} before it");
  throws(std::tuple{images, torch::ones({4, 5}, torch::kBool)}, labels, "Bool of shape [4, 5]");
  throws(images.narrow(0, 0, 3), labels, "each of 4 targets");
  throws(images, labels + 3, "label 3 is out of range");
  throws(images, labels - 100, "-100");
  throws(images, images, "int64 [N], or soft labels");
  CHECK_THROWS_WITH_AS(static_cast<void>(Mixup{}(Batch{images, labels}, rng)), doctest::Contains("classes = 0"),
                       afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(Mixup{.alpha = -1, .classes = 3}(Batch{images, labels}, rng)), afd::ConfigError);
}

TEST_CASE("in a loader a batch is mixed the same whenever it is asked for") {
  const torch::Tensor index = torch::arange(40);
  const afd::TensorDataset data{index.to(torch::kFloat32).view({40, 1}), index.remainder(5)};
  afd::BatchLoader loader{data, {.batch_size = 8, .seed = 2}, Mixup{.alpha = 0.4, .classes = 5}};
  loader.start_epoch(3);
  std::vector<Batch> forward;
  for (const Batch& batch : loader) forward.push_back(batch);
  loader.start_epoch(1);
  loader.start_epoch(3);
  for (std::int64_t b = 4; b >= 0; --b) {
    CHECK(loader.batch(b).inputs.equal(forward[static_cast<std::size_t>(b)].inputs));
    CHECK(loader.batch(b).targets.equal(forward[static_cast<std::size_t>(b)].targets));
    CHECK(loader.batch(b).targets.sizes() == torch::IntArrayRef({8, 5}));
  }
}

TEST_SUITE_END();
