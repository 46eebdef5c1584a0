// SPDX-License-Identifier: MIT
#include <afd/data/prefetch.hpp>
//
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>
#include <afd/data/horizontal_flip.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/pad_crop.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

namespace {

afd::TensorDataset some_images(std::int64_t count = 50) {
  torch::manual_seed(1);
  return {torch::randint(256, {count, 3, 8, 8}, torch::kUInt8), torch::arange(count, torch::kInt64).remainder(10)};
}

auto loader() {
  return afd::BatchLoader(some_images(), {.batch_size = 8, .seed = 3},
                          afd::Compose{afd::PadCrop{}, afd::HorizontalFlip{}, afd::UnitRange{}});
}

/// Throws in place of its third batch.
struct Failing {
  struct Iterator {
    int index = 0;
    afd::Batch operator*() const {
      if (index == 2) throw std::runtime_error("disk gone");
      return {torch::full({2, 1}, static_cast<double>(index)), torch::zeros({2}, torch::kInt64)};
    }
    Iterator& operator++() {
      ++index;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index != other.index; }
  };
  [[nodiscard]] Iterator begin() const { return {}; }
  [[nodiscard]] Iterator end() const { return {5}; }
};

static_assert(afd::BatchSource<afd::Prefetch<Failing>>);
static_assert(!afd::HasEpochs<afd::Prefetch<Failing>>);
static_assert(afd::CanResumeEpoch<afd::Prefetch<afd::BatchLoader<>>>);

}  // namespace

TEST_CASE("the same batches in the same order, epoch by epoch, from wherever it starts") {
  auto plain = loader();
  afd::Prefetch ahead{loader(), {.batches = 3}};
  CHECK(afd::batch_count(ahead) == plain.batch_count());
  for (const std::int64_t epoch : {0, 1, 4}) {
    for (const std::int64_t first : {0, 3}) {
      plain.start_epoch(epoch, first);
      ahead.start_epoch(epoch, first);
      auto expected = plain.begin();
      int seen = 0;
      for (const afd::Batch& batch : ahead) {
        REQUIRE(expected != plain.end());
        const afd::Batch same = *expected;
        CHECK(torch::equal(batch.inputs, same.inputs));
        CHECK(torch::equal(batch.targets, same.targets));
        ++expected;
        ++seen;
      }
      CHECK(seen == plain.batch_count() - first);
    }
  }
}

TEST_CASE("a plain loop over epochs walks the epochs of the source, one after the other") {
  const auto plain = loader();
  afd::Prefetch ahead{loader(), {.batches = 3}};
  const auto check_epoch = [&](std::int64_t epoch, std::int64_t first = 0) {
    std::int64_t index = first;
    for (const afd::Batch& batch : ahead) {
      const afd::Batch same = plain.epoch(epoch).batch(index++);
      CHECK(torch::equal(batch.inputs, same.inputs));
      CHECK(torch::equal(batch.targets, same.targets));
    }
    CHECK(index == plain.batch_count());
  };
  for (const std::int64_t epoch : {0, 1, 2}) check_epoch(epoch);
  ahead.start_epoch(6, 5);
  check_epoch(6, 5);
  check_epoch(7);
  ahead.start_epoch(7);
  check_epoch(7);
}

TEST_CASE("one epoch of a loader is made ahead as often as it is walked") {
  const auto plain = loader();
  afd::Prefetch ahead{plain.epoch(3)};
  CHECK(ahead.batch_count() == plain.batch_count());
  CHECK(ahead.fingerprint() == plain.epoch(3).fingerprint());
  for (int walk = 0; walk < 2; ++walk) {
    std::int64_t index = 0;
    for (const afd::Batch& batch : ahead) CHECK(torch::equal(batch.inputs, plain.epoch(3).batch(index++).inputs));
    CHECK(index == 7);
  }
}

TEST_CASE("a walk can be left, begun again, and outlived by nothing") {
  afd::Prefetch ahead{loader(), {.batches = 1}};
  const auto plain = loader();
  for (const afd::Batch& batch : ahead) {
    CHECK(torch::equal(batch.inputs, plain.epoch(0).batch(0).inputs));
    break;
  }
  int seen = 0;
  for (const afd::Batch& batch : ahead) {
    if (seen++ == 0) CHECK(torch::equal(batch.inputs, plain.epoch(1).batch(0).inputs));
  }
  CHECK(seen == 7);
  auto left = ahead.begin();
  ahead.start_epoch(1);
  ++left;  // its walk was stopped
  CHECK(left == ahead.end());
  for (int i = 0; i < 50; ++i) {
    afd::Prefetch many{std::vector<afd::Batch>(4, afd::Batch{torch::ones({2}), torch::zeros({2}, torch::kInt64)})};
    for (const afd::Batch& batch : many) {
      CHECK(batch.inputs.numel() == 2);
      if (i % 2 == 0) break;
    }
  }
}

TEST_CASE("what the source throws comes in the place of its batch, each time") {
  afd::Prefetch ahead{Failing{}, {.batches = 4}};
  for (int walk = 0; walk < 2; ++walk) {
    int seen = 0;
    const auto walk_through = [&] {
      for (const afd::Batch& batch : ahead) {
        CHECK(batch.inputs[0].item<float>() == static_cast<float>(seen));
        ++seen;
      }
    };
    CHECK_THROWS_WITH_AS(walk_through(), "disk gone", std::runtime_error);
    CHECK(seen == 2);
  }
}

TEST_CASE("it works on one thread of LibTorch, with the caller's grad mode, and leaves the caller's number alone") {
  torch::set_num_threads(2);
  struct Asking {
    struct Iterator {
      bool done = false;
      afd::Batch operator*() const {
        return {torch::full({1}, torch::get_num_threads()),
                torch::full({1}, torch::GradMode::is_enabled() ? 1 : 0, torch::kInt64)};
      }
      Iterator& operator++() {
        done = true;
        return *this;
      }
      bool operator!=(const Iterator& other) const { return done != other.done; }
    };
    [[nodiscard]] Iterator begin() const { return {}; }
    [[nodiscard]] Iterator end() const { return {true}; }
  };
  afd::Prefetch ahead{Asking{}};
  {
    const torch::NoGradGuard no_grad;
    const auto it = ahead.begin();
    CHECK((*it).inputs.item<int>() == 1);
    CHECK((*it).targets.item<std::int64_t>() == 0);
  }
  CHECK(torch::get_num_threads() == 2);
  torch::set_num_threads(1);
}

TEST_CASE("batches of any type are made ahead as they are") {
  const torch::Tensor ids = torch::arange(40).view({20, 2});
  afd::BatchLoader texts{afd::tensor_dataset(std::tuple{ids, ids.gt(9)}), {.batch_size = 6, .seed = 1}};
  afd::Prefetch ahead{texts};
  static_assert(std::same_as<afd::BatchOfSource<decltype(ahead)>, afd::BatchOfSource<decltype(texts)>>);
  std::int64_t seen = 0;
  for (const auto& batch : ahead) {
    const auto same = texts.batch(seen++);
    CHECK(std::get<0>(batch.inputs).equal(std::get<0>(same.inputs)));
    CHECK(std::get<1>(batch.inputs).equal(std::get<1>(same.inputs)));
    CHECK(batch.targets == afd::NoTargets{});
  }
  CHECK(seen == 4);
  afd::Prefetch pairs{std::vector{std::pair{ids, ids}}};
  for (const afd::Batch& batch : pairs) CHECK(batch.targets.is_same(ids));
}

TEST_CASE("at least one batch must be made ahead") {
  CHECK_THROWS_AS((afd::Prefetch{loader(), {.batches = 0}}), afd::ConfigError);
}

TEST_SUITE_END();
