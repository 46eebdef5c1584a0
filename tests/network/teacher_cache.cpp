// SPDX-License-Identifier: MIT
#include <afd/network/teacher_cache.hpp>
//
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include <afd/network/outputs.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd_test::Probe;
using afd_test::TempFolder;
using afd_test::tiny_batch;
using torch::Tensor;

namespace {

/// Two inputs, and what it returns has numbers.
struct Sequences : torch::nn::Module {
  Sequences() { register_module("linear", linear); }
  std::tuple<afd::Tokens, Tensor> forward(const Tensor& ids, const Tensor& mask) {
    ++forwards;
    const Tensor x = linear->forward(ids) * mask.unsqueeze(-1);
    return {afd::Tokens{x, 2, ids.size(1) / 2}, x.mean(1) * factor};
  }
  torch::nn::Linear linear{3, 4};
  double factor = 1;
  int forwards = 0;
};

/// The mean over the batch is taken off: outputs depend on it.
struct Centred : torch::nn::Module {
  Tensor forward(const Tensor& inputs) {
    ++forwards;
    return inputs - inputs.mean(0);
  }
  int forwards = 0;
};

}  // namespace

TEST_CASE("what was computed is found again, to the bit, in this process and in the next one") {
  torch::manual_seed(0);
  const TempFolder folder;
  Probe teacher;
  teacher->forward(tiny_batch().inputs);
  const std::vector<Tensor> batches{tiny_batch().inputs, tiny_batch().inputs, tiny_batch(3).inputs};
  std::vector<afd::Outputs> expected;
  for (const Tensor& batch : batches) expected.push_back(afd::run(afd::frozen(teacher), batch));
  for (int process = 0; process < 2; ++process) {
    const afd::TeacherCache cache{folder.path() / "cache", teacher, {.checks = 0}};
    teacher->seen.forwards = 0;
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < 3; ++i) {
        const afd::Outputs found = cache.outputs(batches[i].clone());
        CHECK(torch::equal(found.logits, expected[i].logits));
        CHECK(torch::equal(found.features, expected[i].features));
        CHECK(found.features.strides() == expected[i].features.strides());
        CHECK_FALSE(found.logits.requires_grad());
      }
    }
    CHECK(teacher->seen.forwards == (process == 0 ? 3 : 0));
    const afd::CacheCounts counts = cache.counts();
    CHECK(counts.kept == 3);
    CHECK(counts.found == (process == 0 ? 3 : 6));
    CHECK(counts.computed == (process == 0 ? 3 : 0));
    CHECK(counts.damaged == 0);
    CHECK(cache.can_write());
  }
}

TEST_CASE("another batch, be it by one bit, is computed") {
  torch::manual_seed(0);
  const TempFolder folder;
  Probe teacher;
  const afd::TeacherCache cache{folder.path() / "cache", teacher};
  const Tensor batch = tiny_batch().inputs;
  static_cast<void>(cache.outputs(batch));
  Tensor other = batch.clone();
  other.view(-1)[5] = std::nextafter(other.view(-1)[5].item<double>(), 100.0);
  static_cast<void>(cache.outputs(other));
  static_cast<void>(cache.outputs(batch.flip(0)));
  static_cast<void>(cache.outputs(batch.slice(0, 0, 5)));
  CHECK(cache.counts().computed == 4);
  CHECK(cache.counts().found == 0);
}

TEST_CASE("structs, tuples and numbers are kept as they are") {
  torch::manual_seed(0);
  const TempFolder folder;
  Sequences teacher;
  const std::tuple batch{torch::randn({3, 6, 3}), torch::ones({3, 6})};
  const auto expected = afd::run(afd::frozen(teacher), batch);
  for (const auto by : {afd::CacheBy::batch, afd::CacheBy::sample}) {
    const auto path = folder.path() / (by == afd::CacheBy::batch ? "batch" : "sample");
    for (int process = 0; process < 2; ++process) {
      const afd::TeacherCache cache{path, teacher, {.by = by}};
      const auto found = cache.outputs(batch);
      CHECK(torch::equal(std::get<0>(found).values, std::get<0>(expected).values));
      CHECK(std::get<0>(found).height == 2);
      CHECK(std::get<0>(found).width == 3);
      CHECK(torch::equal(std::get<1>(found), std::get<1>(expected)));
      CHECK(cache.counts().found == process);
    }
  }
}

TEST_CASE("another teacher's file is refused by name, and so is one whose teacher's code has changed") {
  torch::manual_seed(0);
  const TempFolder folder;
  const auto path = folder.path() / "cache";
  Sequences teacher;
  const std::tuple batch{torch::randn({3, 6, 3}), torch::ones({3, 6})};
  {
    static_cast<void>(afd::TeacherCache(path, teacher).outputs(batch));
  }
  {
    const afd::TeacherCache again{path, teacher};
    teacher.forwards = 0;
    CHECK_NOTHROW(static_cast<void>(again.outputs(batch)));
    CHECK_NOTHROW(static_cast<void>(again.outputs(batch)));
    CHECK(teacher.forwards == 1);  // the first that is found is computed, too, and compared
  }
  teacher.factor = 1.2;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::TeacherCache(path, teacher).outputs(batch)),
                       doctest::Contains("holds other outputs than this teacher returns"), afd::ConfigError);
  {
    const torch::NoGradGuard no_grad;
    teacher.linear->bias[0] += 1;
  }
  CHECK_THROWS_WITH_AS(afd::TeacherCache(path, teacher), doctest::Contains("cache\" holds what another teacher"),
                       afd::ConfigError);
}

TEST_CASE("a teacher that is trained on is refused, one whose weights were only written again is not") {
  torch::manual_seed(0);
  const TempFolder folder;
  Probe teacher;
  const Tensor batch = tiny_batch().inputs;
  const afd::TeacherCache cache{folder.path() / "cache", teacher};
  static_cast<void>(cache.outputs(batch));
  const torch::NoGradGuard no_grad;
  const Tensor weight = teacher->head->weight.clone();
  teacher->head->weight.copy_(weight);  // as loading the same checkpoint does
  CHECK_NOTHROW(static_cast<void>(cache.outputs(batch)));
  teacher->head->weight.mul_(1.5);
  CHECK_THROWS_WITH_AS(static_cast<void>(cache.outputs(batch)), doctest::Contains("weights have changed since"),
                       afd::ConfigError);
  teacher->head->weight.copy_(weight);
  CHECK_NOTHROW(static_cast<void>(cache.outputs(batch)));
}

TEST_CASE("records that are damaged are computed again, and the file is whole then") {
  torch::manual_seed(0);
  const TempFolder folder;
  const auto path = folder.path() / "cache";
  Probe teacher;
  const std::vector<Tensor> batches{tiny_batch().inputs, tiny_batch().inputs, tiny_batch().inputs};
  std::vector<Tensor> expected;
  {
    const afd::TeacherCache cache{path, teacher};
    for (const Tensor& batch : batches) expected.push_back(cache.outputs(batch).logits);
  }
  afd::Bytes bytes = afd::detail::read_raw(path);
  const std::size_t middle = bytes.size() / 2;
  for (const std::size_t size : {bytes.size(), bytes.size() - 100}) {
    afd::Bytes changed(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    changed[middle] = static_cast<std::uint8_t>(changed[middle] ^ 1);
    folder.write("cache", changed);
    const std::int64_t lost = size == bytes.size() ? 1 : 2;
    {
      const afd::TeacherCache cache{path, teacher, {.checks = 0}};
      for (std::size_t i = 0; i < 3; ++i) CHECK(torch::equal(cache.outputs(batches[i]).logits, expected[i]));
      CHECK(cache.counts().computed == lost);
      CHECK(cache.counts().found == 3 - lost);
      CHECK(cache.counts().damaged > 0);
    }
    const afd::TeacherCache cache{path, teacher, {.checks = 0}};
    for (std::size_t i = 0; i < 3; ++i) CHECK(torch::equal(cache.outputs(batches[i]).logits, expected[i]));
    CHECK(cache.counts().found == 3);
  }
}

TEST_CASE("one writes, another reads what was there and computes the rest for itself") {
  torch::manual_seed(0);
  const TempFolder folder;
  Probe teacher;
  const Tensor first = tiny_batch().inputs, second = tiny_batch().inputs;
  const afd::TeacherCache writer{folder.path() / "cache", teacher};
  static_cast<void>(writer.outputs(first));
  const afd::TeacherCache reader{folder.path() / "cache", teacher};
  CHECK_FALSE(reader.can_write());
  static_cast<void>(reader.outputs(first));
  static_cast<void>(reader.outputs(second));
  static_cast<void>(reader.outputs(second));
  CHECK(reader.counts().found == 1);
  CHECK(reader.counts().computed == 2);
  CHECK(reader.counts().kept == 1);
}

TEST_CASE("by the sample, outputs are those of the batch in which a sample came first") {
  torch::manual_seed(0);
  const TempFolder folder;
  Centred teacher;  // the worst of teachers for it
  const Tensor images = torch::randn({6, 3});
  const auto at = [&](std::initializer_list<std::int64_t> rows) {
    return images.index_select(0, torch::tensor(std::vector<std::int64_t>(rows), torch::kInt64));
  };
  for (int process = 0; process < 2; ++process) {
    const afd::TeacherCache cache{folder.path() / "cache", teacher, {.by = afd::CacheBy::sample, .checks = 0}};
    const Tensor of_three = at({0, 1, 2}) - at({0, 1, 2}).mean(0), of_new = at({2, 3}) - at({2, 3}).mean(0);
    CHECK(torch::equal(cache.outputs(at({0, 1, 2})), of_three));
    CHECK(torch::equal(cache.outputs(at({2, 0})), torch::stack({of_three[2], of_three[0]})));
    CHECK(torch::equal(cache.outputs(at({2, 3})), torch::stack({of_three[2], of_new[1]})));
    CHECK(torch::equal(cache.outputs(at({3, 3, 1})), torch::stack({of_new[1], of_new[1], of_three[1]})));
    CHECK(cache.counts().kept == 4);
    CHECK(cache.counts().computed == (process == 0 ? 2 : 0));
  }
  const auto net = afd::resnet8(4, 1);
  CHECK_THROWS_WITH_AS(
      afd::TeacherCache(folder.path() / "other", afd::frozen(net, {.statistics = afd::Statistics::of_batch}),
                        {.by = afd::CacheBy::sample}),
      doctest::Contains("choose CacheBy::batch"), afd::ConfigError);
}

TEST_CASE("a teacher of half precision, or with statistics of the batch, has a file of its own") {
  torch::manual_seed(0);
  const TempFolder folder;
  auto net = afd::resnet8(4, 1);
  const Tensor images = torch::randn({4, 1, 8, 8});
  const auto path = folder.path() / "cache";
  {
    static_cast<void>(afd::TeacherCache(path, net).outputs(images));
  }
  CHECK_THROWS_AS(afd::TeacherCache(path, afd::frozen(net, {.statistics = afd::Statistics::of_batch})),
                  afd::ConfigError);
  const Tensor weights = net->parameters()[0].detach().clone();
  net->to(torch::kBFloat16);
  CHECK_THROWS_AS(afd::TeacherCache(path, net), afd::ConfigError);
  const auto half = folder.path() / "half";
  const Tensor expected = afd::run(afd::frozen(net), images).logits;
  for (int process = 0; process < 2; ++process) {
    const Tensor found = afd::TeacherCache(half, net).outputs(images).logits;
    CHECK(torch::equal(found, expected));
    CHECK(found.dtype() == torch::kFloat32);
  }
}

TEST_SUITE_END();
