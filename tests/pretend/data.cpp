// SPDX-License-Identifier: MIT
// Batches for an accelerator that is pretended: what is copied, on which stream, and who waits.
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/make_views.hpp>
#include <afd/data/prefetch.hpp>
#include <afd/detail/device.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"
#include "support/pretend_device.hpp"

TEST_SUITE_BEGIN("pretend");

namespace {

constexpr std::int64_t samples = 20, classes = 4;

afd::TensorDataset bytes_on(torch::Device device) {
  torch::manual_seed(3);
  const torch::Tensor images = torch::randint(256, {samples, 3, 8, 8}, torch::kUInt8);
  return {images.to(device), torch::arange(samples, torch::kInt64).remainder(classes).to(device)};
}

const auto transform = afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{},
                                    afd::Normalize{.mean = {0.4, 0.5, 0.6}, .stddev = {0.2, 0.3, 0.4}}};

auto network() {
  afd::PlainCnn net(afd::PlainCnnOptions{.widths = {4, 6}, .classes = classes, .in_channels = 3});
  net->to(pretend::device());
  return net;
}

void check_same(const afd::Batch& there, const afd::Batch& here) {
  CHECK(there.inputs.device() == pretend::device());
  CHECK(there.targets.device() == pretend::device());
  CHECK(torch::equal(there.inputs.cpu(), here.inputs));
  CHECK(torch::equal(there.targets.cpu(), here.targets));
}

/// Two batches, and then an error.
struct Broken {
  std::vector<afd::Batch> all;
  struct Iterator {
    const std::vector<afd::Batch>* all;
    std::size_t at;
    [[nodiscard]] const afd::Batch& operator*() const {
      if (at == 2) throw std::runtime_error("a bad sector");
      return (*all)[at];
    }
    Iterator& operator++() {
      ++at;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at != other.at; }
  };
  [[nodiscard]] Iterator begin() const { return {&all, 0}; }
  [[nodiscard]] Iterator end() const { return {&all, 3}; }
};

}  // namespace

TEST_CASE("a loader copies bytes from pinned memory, waits for nothing, and converts there; the same to the bit") {
  const afd::LoaderOptions here_options{.batch_size = 8, .seed = 5};
  afd::LoaderOptions there_options = here_options;
  there_options.device = pretend::device();
  afd::BatchLoader here{bytes_on(torch::kCPU), here_options, transform};
  afd::BatchLoader there{bytes_on(torch::kCPU), there_options, transform};
  CHECK(there.device() == pretend::device());
  afd::Batch batch;
  const pretend::Counts counts = pretend::counted([&] { batch = there.batch(1); });
  check_same(batch, here.batch(1));
  CHECK(batch.inputs.dtype() == torch::kFloat32);
  CHECK(counts.wait_total() == 0);
  // Images, labels, and scale and shift of each channel.
  CHECK(counts.copies_in == 4);
  CHECK(counts.bytes_in == 8 * 3 * 64 + 8 * 8 + 2 * 3 * 4);
  CHECK(counts.pinned == 4);

  // Without a transform there is one: bytes to [0, 1].
  afd::BatchLoader unit{bytes_on(torch::kCPU), there_options};
  CHECK(pretend::counted([&] { batch = unit.batch(0); }).bytes_in == 8 * 3 * 64 + 8 * 8);
  CHECK(batch.inputs.max().item<float>() <= 1);
  // What is behind a transform of the host is made there.
  const auto last = [](const torch::Tensor& x, const afd::CounterRng&) {
    CHECK(x.device().is_cpu());
    return x * 2;
  };
  afd::BatchLoader floats{bytes_on(torch::kCPU), there_options, afd::Compose{afd::UnitRange{}, last}};
  CHECK(pretend::counted([&] { batch = floats.batch(0); }).bytes_in == 4 * 8 * 3 * 64 + 8 * 8);
}

TEST_CASE("a data set on the device is gathered and transformed there; the same to the bit") {
  for (const auto mode : {afd::PadMode::zeros, afd::PadMode::reflect}) {
    const afd::Compose all{afd::PadCrop{.padding = 3, .mode = mode}, afd::HorizontalFlip{},
                           afd::Normalize{.mean = {0.4, 0.5, 0.6}, .stddev = {0.2, 0.3, 0.4}}};
    const afd::LoaderOptions options{.batch_size = 7, .seed = 2};
    afd::BatchLoader here{bytes_on(torch::kCPU), options, all}, there{bytes_on(pretend::device()), options, all};
    CHECK(there.device() == pretend::device());
    for (std::int64_t b = 0; b < here.batch_count(); ++b) {
      afd::Batch batch;
      const pretend::Counts counts = pretend::counted([&] { batch = there.batch(b); });
      check_same(batch, here.batch(b));
      CHECK(counts.wait_total() == 0);
      CHECK(counts.bytes_in < 2048);  // places and numbers, no images
    }
  }
  const afd::TensorDataset some = bytes_on(pretend::device()).take(6, 1);
  CHECK(some.inputs.device() == pretend::device());
  CHECK(torch::equal(some.inputs.cpu(), bytes_on(torch::kCPU).take(6, 1).inputs));
}

TEST_CASE("Prefetch copies and converts on a stream of its own, and the training waits there and not on the host") {
  for (const bool on_device : {false, true}) {
    const afd::LoaderOptions options{.batch_size = 5, .seed = 5, .device = pretend::device()};
    afd::BatchLoader here{bytes_on(torch::kCPU), {.batch_size = 5, .seed = 5}, transform};
    const afd::TensorDataset bytes = bytes_on(on_device ? pretend::device() : torch::kCPU);
    bytes.inputs.bitwise_not_().bitwise_not_();  // which the device may still be at when the walk begins
    afd::Prefetch there{afd::BatchLoader{bytes, options, transform}, {.batches = 3}};
    CHECK(there.device() == pretend::device());
    std::vector<afd::Batch> kept;
    torch::Tensor sum = torch::zeros({}, pretend::device());
    const pretend::Counts counts = pretend::counted([&] {
      for (const afd::Batch& batch : there) {
        sum.add_(batch.inputs.sum());
        if (kept.size() < 2) kept.push_back(batch);
      }
      there.start_epoch(0);
    });
    REQUIRE(kept.size() == 2);
    for (std::size_t b = 0; b < 2; ++b) check_same(kept[b], here.batch(static_cast<std::int64_t>(b)));
    CHECK(counts.hazards == 0);
    CHECK(counts.wait_total() == 0);
    CHECK(counts.stream_waits == 1 + 4);  // the first for the data set
    CHECK(counts.streams.size() == 2);
    CHECK(counts.operators.at("aten::copy_") >= 8);
  }
}

TEST_CASE("Prefetch takes batches of any source to a device that it is told, and errors come where they are") {
  std::vector<afd::Batch> all;
  for (int i = 0; i < 3; ++i) all.push_back({torch::randn({4, 3, 8, 8}), torch::arange(4, torch::kInt64)});
  {
    afd::Prefetch there{all, {.device = pretend::device()}};
    std::size_t at = 0;
    const pretend::Counts counts = pretend::counted([&] {
      for (const afd::Batch& batch : there) check_same(batch, all[at++]);
    });
    CHECK(at == 3);
    CHECK(counts.copies_in == 6);
    CHECK(counts.waits.count("copy in") == 0);
    CHECK(counts.hazards == 0);
  }
  afd::Prefetch broken{Broken{all}, {.device = pretend::device()}};
  std::int64_t seen = 0;
  const auto walk = [&] {
    for (const afd::Batch& batch : broken) seen += batch.inputs.size(0);
  };
  CHECK_THROWS_WITH_AS(walk(), "a bad sector", std::runtime_error);
  CHECK(seen == 8);
  CHECK(afd::Prefetch{all}.device() == torch::Device(torch::kCPU));
}

TEST_CASE("walks share one stream beside the training's, since memory is kept for each") {
  afd::Prefetch there{afd::BatchLoader{bytes_on(torch::kCPU), {.batch_size = 5, .device = pretend::device()}}};
  const pretend::Counts counts = pretend::counted([&] {
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (const afd::Batch& batch : there) static_cast<void>(batch.inputs.sum());
    }
  });
  CHECK(counts.streams.size() == 2);
}

TEST_CASE("tensors that show one element at many places can be sent") {
  const torch::Tensor one = torch::full({1}, 3.0F).expand({8});
  const torch::Tensor there = afd::detail::sent(one, pretend::device());
  CHECK(torch::equal(there.cpu(), torch::full({8}, 3.0F)));
}

TEST_CASE("memory that is full while a batch is made ahead is told by the training") {
  afd::Prefetch there{afd::BatchLoader{bytes_on(torch::kCPU), {.batch_size = 5, .device = pretend::device()}}};
  const pretend::Failing full(pretend::Fault::out_of_memory, 2, "aten::copy_");
  const auto walk = [&] {
    for (const afd::Batch& batch : there) static_cast<void>(batch);
  };
  CHECK_THROWS_WITH_AS(walk(), doctest::Contains("a batch: memory is full"), afd::OutOfMemoryError);
}

TEST_CASE("a training with Prefetch touches no memory too early and none too late") {
  auto a = network(), b = network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  afd::Prefetch train{
      afd::BatchLoader{bytes_on(torch::kCPU), {.batch_size = 5, .device = pretend::device()}, transform}};
  for (const auto& batch : train) distiller.step(batch);
  std::int64_t steps = 0;
  const pretend::Counts counts = pretend::counted([&] {
    for (const auto& batch : train) {
      distiller.step(batch);
      ++steps;
    }
  });
  CHECK(steps == 4);
  CHECK(counts.hazards == 0);
  CHECK(counts.waits.count("copy in") == 0);
  CHECK(counts.wait_total() == 2 * steps);
}

TEST_CASE("views of the same samples go there, too") {
  const afd::HorizontalFlip weak;
  const afd::Compose strong{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}};
  const afd::LoaderOptions options{.batch_size = 8, .device = pretend::device()};
  afd::BatchLoader there{bytes_on(torch::kCPU), options, afd::MakeViews{weak, strong}};
  afd::BatchLoader here{bytes_on(torch::kCPU), {.batch_size = 8}, afd::MakeViews{weak, strong}};
  const auto batch = there.batch(0), same = here.batch(0);
  CHECK(torch::equal(std::get<0>(batch.inputs.each).cpu(), std::get<0>(same.inputs.each)));
  CHECK(torch::equal(std::get<1>(batch.inputs.each).cpu(), std::get<1>(same.inputs.each)));
}

TEST_SUITE_END();
