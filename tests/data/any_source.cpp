// SPDX-License-Identifier: MIT
#include <afd/data/any_source.hpp>
//
#include <concepts>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/loader.hpp>
#include <afd/data/prefetch.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::AnySource;
using afd::Batch;

namespace {

afd::BatchLoader<> loader() {
  const torch::Tensor index = torch::arange(20, torch::kInt64);
  return afd::BatchLoader<>{afd::TensorDataset{index.to(torch::kUInt8).view({20, 1}), index},
                            {.batch_size = 6, .seed = 3}};
}

template <class Source>
std::vector<std::int64_t> labels(Source& source) {
  std::vector<std::int64_t> all;
  for (const Batch& batch : source) {
    for (std::int64_t i = 0; i < batch.targets.size(0); ++i)
      all.push_back(batch.targets[i].template item<std::int64_t>());
  }
  return all;
}

}  // namespace

TEST_CASE("an AnySource gives its source's batches, epoch by epoch, from wherever it starts") {
  auto plain = loader();
  AnySource any(loader());
  AnySource ahead(std::make_shared<afd::Prefetch<afd::BatchLoader<>>>(loader()));
  CHECK(any.batch_count() == plain.batch_count());
  CHECK(ahead.batch_count() == plain.batch_count());
  for (const std::int64_t first : {0, 2, 4}) {
    plain.start_epoch(5, first);
    any.start_epoch(5, first);
    ahead.start_epoch(5, first);
    CHECK(any.resumes_epochs());
    CHECK(ahead.resumes_epochs());
    const std::vector<std::int64_t> epoch_5 = labels(plain), epoch_6 = labels(plain);
    CHECK(epoch_5 != epoch_6);
    CHECK(labels(any) == epoch_5);
    CHECK(labels(any) == epoch_6);  // goes on by itself
    CHECK(labels(ahead) == epoch_5);
    CHECK(labels(ahead) == epoch_6);
  }
}

TEST_CASE("a walk that is left early does not disturb the next") {
  AnySource any(loader());
  auto plain = loader();
  for (const Batch& batch : any) {
    CHECK(batch.targets.size(0) == 6);
    break;
  }
  plain.start_epoch(1);
  CHECK(labels(any) == labels(plain));
  AnySource copy = any;
  CHECK(labels(copy) == labels(plain));  // epoch 2, for the source is shared
  CHECK(labels(any) == labels(plain));
}

TEST_CASE("a plain loop over epochs walks the epochs of the source, from a constant AnySource, too") {
  const AnySource any(loader());
  const AnySource ahead(std::make_shared<afd::Prefetch<afd::BatchLoader<>>>(loader()));
  const auto plain = loader();
  for (const std::int64_t epoch : {0, 1, 2}) {
    const auto expected = plain.epoch(epoch);
    CHECK(labels(any) == labels(expected));
    CHECK(labels(ahead) == labels(expected));
  }
  AnySource one(plain.epoch(2));
  CHECK(labels(one) == labels(one));
  CHECK(one.batch_count() == plain.batch_count());
}

TEST_CASE("a walk is over when another is begun, or another epoch started") {
  AnySource any(loader());
  auto plain = loader();
  auto outer = any.begin();
  plain.start_epoch(1);
  CHECK(labels(any) == labels(plain));
  ++outer;
  CHECK(outer == any.end());
  auto left = any.begin();
  any.start_epoch(1);
  ++left;
  CHECK(left == any.end());
  plain.start_epoch(1);
  CHECK(labels(any) == labels(plain));
}

TEST_CASE("sources without epochs are the same in each, and cannot be entered half-way") {
  std::vector<std::pair<torch::Tensor, torch::Tensor>> batches;
  for (int i = 0; i < 3; ++i) batches.emplace_back(torch::zeros({2, 1}), torch::full({2}, i, torch::kInt64));
  AnySource any(batches);
  any.start_epoch(7);
  CHECK(labels(any) == std::vector<std::int64_t>{0, 0, 1, 1, 2, 2});
  CHECK(any.batch_count() == 3);
  CHECK_THROWS_WITH_AS(any.start_epoch(7, 1), doctest::Contains("at batch 1"), afd::ConfigError);
  CHECK_THROWS_AS(AnySource(std::shared_ptr<afd::BatchLoader<>>()), afd::ConfigError);
}

TEST_CASE("sources of batches of another type have another type, which is found from the source") {
  const torch::Tensor ids = torch::arange(40).view({20, 2});
  const auto data = afd::tensor_dataset(std::tuple{ids, ids.gt(9)});
  afd::BatchLoader plain{data, {.batch_size = 6, .seed = 1}};
  using Ahead = afd::Prefetch<decltype(plain)>;
  afd::BasicAnySource any{plain};
  static_assert(std::same_as<decltype(any), afd::BasicAnySource<afd::BatchOfSource<decltype(plain)>>>);
  static_assert(std::same_as<decltype(afd::BasicAnySource{std::make_shared<Ahead>(plain)}), decltype(any)>);
  static_assert(std::same_as<decltype(afd::BasicAnySource{any}), decltype(any)>);
  static_assert(std::same_as<decltype(afd::BasicAnySource{loader()}), AnySource>);
  static_assert(!std::constructible_from<AnySource, decltype(plain)>);
  for (auto source : {any, afd::BasicAnySource{std::make_shared<Ahead>(plain)}}) {
    plain.start_epoch(3, 1);
    source.start_epoch(3, 1);
    std::int64_t seen = 1;
    for (const auto& batch : source) {
      CHECK(std::get<0>(batch.inputs).equal(std::get<0>(plain.batch(seen).inputs)));
      CHECK(std::get<1>(batch.inputs).equal(std::get<1>(plain.batch(seen).inputs)));
      ++seen;
    }
    CHECK(seen == 4);
    CHECK(source.fingerprint() == plain.fingerprint());
  }
}

TEST_CASE("what the source throws comes through, and an empty source is empty") {
  AnySource none(std::vector<Batch>{});
  CHECK(labels(none).empty());
  AnySource any(loader());
  CHECK_THROWS_AS(any.start_epoch(-1), afd::ConfigError);
}

TEST_SUITE_END();
