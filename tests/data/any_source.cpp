// SPDX-License-Identifier: MIT
#include <afd/data/any_source.hpp>
//
#include <memory>
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
    CHECK(labels(any) == labels(plain));
    CHECK(labels(any) == labels(plain));  // again
    CHECK(labels(ahead) == labels(plain));
  }
}

TEST_CASE("a walk that is left early does not disturb the next") {
  AnySource any(loader());
  auto plain = loader();
  for (const Batch& batch : any) {
    CHECK(batch.targets.size(0) == 6);
    break;
  }
  CHECK(labels(any) == labels(plain));
  AnySource copy = any;
  CHECK(labels(copy) == labels(plain));
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

TEST_CASE("what the source throws comes through, and an empty source is empty") {
  AnySource none(std::vector<Batch>{});
  CHECK(labels(none).empty());
  AnySource any(loader());
  CHECK_THROWS_AS(any.start_epoch(-1), afd::ConfigError);
}

TEST_SUITE_END();
