// SPDX-License-Identifier: MIT
#include <afd/data/loader_epoch.hpp>
//
#include <cstdint>
#include <iterator>
#include <set>
#include <vector>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/loader.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Batch;
using afd::BatchLoader;

namespace {

auto loader(bool shuffle = true) {
  const torch::Tensor index = torch::arange(50, torch::kInt64);
  return BatchLoader{afd::TensorDataset{index.to(torch::kUInt8).view({50, 1, 1, 1}).expand({50, 1, 4, 4}), index},
                     {.batch_size = 8, .shuffle = shuffle, .seed = 1},
                     afd::Compose{afd::PadCrop{2}, afd::HorizontalFlip{}, afd::UnitRange{}}};
}

template <class Source>
std::vector<Batch> walk(Source&& source) {
  std::vector<Batch> batches;
  for (const Batch& batch : source) batches.push_back(batch);
  return batches;
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i].inputs.equal(b[i].inputs) || !a[i].targets.equal(b[i].targets)) return false;
  }
  return true;
}

template <class Loader>
concept TellsEpoch = requires(Loader loader) { static_cast<Loader>(loader).epoch(0); };

using Loader = decltype(loader());
static_assert(afd::BatchSource<const Loader::Epoch> && !afd::HasEpochs<Loader::Epoch>);
static_assert(std::forward_iterator<Loader::Iterator>);
static_assert(TellsEpoch<Loader&> && TellsEpoch<const Loader&>);
static_assert(!TellsEpoch<Loader&&>);  // it would be gone before the epoch is walked

}  // namespace

TEST_CASE("an epoch is what start_epoch and a walk give, as often as it is walked, and the loader stays where it is") {
  for (const bool shuffle : {true, false}) {
    const auto constant = loader(shuffle);
    auto told = loader(shuffle);
    for (const std::int64_t epoch : {0, 1, 7}) {
      told.start_epoch(epoch);
      const std::vector<Batch> expected = walk(told);
      REQUIRE(expected.size() == 7);
      const auto range = constant.epoch(epoch);
      CHECK(same(walk(range), expected));
      CHECK(same(walk(range), expected));  // again
      CHECK(same(walk(constant.epoch(epoch)), expected));
      CHECK(range.batch(3).inputs.equal(expected[3].inputs));
    }
    auto going_on = loader(shuffle);
    static_cast<void>(walk(going_on.epoch(5)));
    told.start_epoch(0);
    CHECK(same(walk(going_on), walk(told)));
    static_cast<void>(walk(going_on.epoch(5)));
    CHECK(same(walk(going_on), walk(told)));  // epoch 1
  }
}

TEST_CASE("an epoch stays the same while the loader goes on, and epochs can be walked side by side") {
  auto going_on = loader();
  const auto zero = going_on.epoch(0), one = going_on.epoch(1);
  const std::vector<Batch> of_zero = walk(going_on), of_one = walk(going_on);
  CHECK_FALSE(same(of_zero, of_one));
  auto second = one.begin();
  std::size_t index = 0;
  for (const Batch& batch : zero) {
    CHECK(batch.inputs.equal(of_zero[index].inputs));
    CHECK((*second).inputs.equal(of_one[index].inputs));
    ++second;
    ++index;
  }
  CHECK(second == one.end());
}

TEST_CASE("an epoch has the loader's count and device, and a number of its own") {
  const auto constant = loader();
  CHECK(afd::batch_count(constant.epoch(3)) == constant.batch_count());
  CHECK(constant.epoch(3).device() == torch::Device(torch::kCPU));
  const auto again = loader(), unshuffled = loader(false);
  CHECK(afd::fingerprint(constant.epoch(3)) == again.epoch(3).fingerprint());
  const std::set<std::int64_t> numbers{constant.fingerprint(), constant.epoch(0).fingerprint(),
                                       constant.epoch(1).fingerprint(), unshuffled.epoch(0).fingerprint()};
  CHECK(numbers.size() == 4);
  CHECK_THROWS_WITH_AS(static_cast<void>(constant.epoch(-1)), doctest::Contains("epoch -1"), afd::ConfigError);
}

TEST_SUITE_END();
