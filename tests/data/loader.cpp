// SPDX-License-Identifier: MIT
#include <afd/data/loader.hpp>

#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

namespace {

// Sample i holds the byte i and has label i % 3, so that a batch shows which samples it took.
afd::TensorDataset numbered(std::int64_t count) {
  const auto indices = torch::arange(count, torch::kInt64);
  return {indices.to(torch::kUInt8).view({count, 1, 1, 1}), indices.remainder(3)};
}

std::vector<afd::Batch> epoch_of(afd::BatchLoader<>& loader, std::int64_t epoch, std::int64_t first = 0) {
  loader.start_epoch(epoch, first);
  std::vector<afd::Batch> batches;
  for (const afd::Batch& batch : loader) batches.push_back(batch);
  return batches;
}

torch::Tensor joined(const std::vector<afd::Batch>& batches) {
  std::vector<torch::Tensor> inputs;
  for (const auto& batch : batches) inputs.push_back(batch.inputs);
  return torch::cat(inputs).flatten().mul(255).round().to(torch::kInt64);
}

}  // namespace

TEST_CASE("an epoch holds every sample once, inputs and targets together") {
  afd::BatchLoader<> loader(numbered(10), {.batch_size = 4, .seed = 7});
  const auto batches = epoch_of(loader, 0);
  CHECK(batches.size() == 3);
  CHECK(loader.batch_count() == 3);
  const auto order = joined(batches);
  CHECK(std::get<0>(order.sort()).equal(torch::arange(10, torch::kInt64)));
  CHECK_FALSE(order.equal(torch::arange(10, torch::kInt64)));
  for (const auto& batch : batches) {
    CHECK(batch.targets.equal(batch.inputs.flatten().mul(255).round().to(torch::kInt64).remainder(3)));
  }
}

TEST_CASE("seed and epoch decide the order, and an epoch can be entered in its middle") {
  afd::BatchLoader<> loader(numbered(64), {.batch_size = 16, .seed = 7});
  afd::BatchLoader<> twin(numbered(64), {.batch_size = 16, .seed = 7});
  afd::BatchLoader<> other(numbered(64), {.batch_size = 16, .seed = 8});
  const auto order = joined(epoch_of(loader, 1));
  CHECK(order.equal(joined(epoch_of(twin, 1))));
  CHECK_FALSE(order.equal(joined(epoch_of(other, 1))));
  CHECK_FALSE(order.equal(joined(epoch_of(twin, 2))));
  CHECK(joined(epoch_of(twin, 1, 2)).equal(order.slice(0, 32)));
}

TEST_CASE("a shuffled epoch leaves out a last batch of one, an unshuffled one leaves out nothing") {
  afd::BatchLoader<> training(numbered(9), {.batch_size = 4});
  CHECK(training.batch_count() == 2);
  afd::BatchLoader<> evaluation(numbered(9), {.batch_size = 4, .shuffle = false});
  CHECK(joined(epoch_of(evaluation, 0)).equal(torch::arange(9, torch::kInt64)));
}

TEST_CASE("bad options and data sets are refused") {
  CHECK_THROWS_AS(afd::BatchLoader<>(numbered(4), {.batch_size = 0}), afd::ConfigError);
  CHECK_THROWS_AS(afd::BatchLoader<>(afd::TensorDataset{torch::zeros({3, 1}), torch::zeros({2}, torch::kInt64)}),
                  afd::DataError);
}

TEST_SUITE_END();
