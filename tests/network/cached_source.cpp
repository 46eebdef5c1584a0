// SPDX-License-Identifier: MIT
#include <afd/network/cached_source.hpp>
//
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/any_source.hpp>
#include <afd/data/augmentation.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/make_views.hpp>
#include <afd/data/pad_crop.hpp>
#include <afd/data/prefetch.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd_test::Probe;
using afd_test::TempFolder;
using afd_test::ToDouble;
using torch::Tensor;

namespace {

using Recipe = afd::DirectAlignmentWithKL;  // reads logits and features of both

auto augmented(std::uint64_t seed = 4) {
  return afd::BatchLoader(afd_test::images(22), {.batch_size = 6, .seed = seed},
                          afd::Compose{afd::PadCrop{2}, ToDouble{}});
}
auto plain(std::uint64_t seed = 4) {
  return afd::BatchLoader(afd_test::images(22), {.batch_size = 6, .seed = seed}, ToDouble{});
}

using Loader = decltype(augmented());
using Cache = afd::TeacherCache<afd::Frozen<Probe>>;
using WithCached = afd::CachedSource<0, 2, Loader, afd::Frozen<Probe>>;

/// A teacher whose statistics are not the initial ones.
Probe trained_teacher() {
  torch::manual_seed(11);
  Probe teacher;
  for (int i = 0; i < 3; ++i) teacher->forward(afd_test::tiny_batch().inputs);
  return teacher;
}

struct Trained {
  std::vector<double> losses;
  std::vector<Tensor> state;
};

/// Two epochs of a training on `source`, the teacher being network 0.
template <class Teacher, class Source>
Trained trained(Teacher teacher, Source& source) {
  torch::manual_seed(3);
  Probe student;
  afd::Distiller distiller{afd::topology::OneWay{}, Recipe{}, teacher, student};
  Trained result;
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    source.start_epoch(epoch);
    for (auto&& batch : source) {
      const Tensor losses = distiller.step(batch).stacked().to(torch::kDouble);
      for (std::int64_t i = 0; i < losses.numel(); ++i) result.losses.push_back(losses[i].template item<double>());
    }
  }
  result.state = afd_test::state_of(*student);
  return result;
}

void check_same(const Trained& found, const Trained& expected) {
  CHECK(found.losses == expected.losses);
  REQUIRE(found.state.size() == expected.state.size());
  for (std::size_t i = 0; i < found.state.size(); ++i) CHECK(torch::equal(found.state[i], expected.state[i]));
}

}  // namespace

static_assert(afd::BatchSource<WithCached> && afd::CanResumeEpoch<WithCached>);
static_assert(
    std::is_same_v<afd::BatchOfSource<WithCached>::Inputs, afd::Views<afd::CachedOutputs<afd::Outputs>, Tensor>>);
static_assert(afd::BatchSource<afd::CachedSource<1, 3, std::vector<afd::Batch>, afd::Frozen<Probe>>>);
static_assert(afd::BatchSource<const afd::CachedSource<1, 3, std::vector<afd::Batch>, afd::Frozen<Probe>>>);
static_assert(!afd::HasEpochs<afd::CachedSource<1, 3, std::vector<afd::Batch>, afd::Frozen<Probe>>>);

TEST_CASE("a training with the cached teacher is the one with the teacher itself, to the bit") {
  const TempFolder folder;
  Probe teacher = trained_teacher();
  auto loader = augmented();
  const Trained expected = trained(afd::frozen(teacher), loader);
  CHECK(expected.losses.size() == 8 * 3);
  for (int process = 0; process < 2; ++process) {
    const Cache cache{folder.path() / "cache", teacher};
    auto source = afd::with_cached<0, 2>(augmented(), cache);
    check_same(trained(afd::Cached(), source), expected);
    CHECK(cache.counts().kept == 8);
    CHECK(cache.counts().computed == (process == 0 ? 8 : 0));
  }
}

TEST_CASE("so it is when everything was computed before, made ahead, or behind a source of any type") {
  const TempFolder folder;
  Probe teacher = trained_teacher();
  auto loader = augmented();
  const Trained expected = trained(afd::frozen(teacher), loader);
  const Cache cache{folder.path() / "cache", teacher};
  auto source = afd::with_cached<0, 2>(augmented(), cache);
  std::vector<std::pair<std::int64_t, std::int64_t>> progress;
  source.fill(2, [&](std::int64_t epoch, std::int64_t batch) { progress.emplace_back(epoch, batch); });
  CHECK(progress.size() == 8);
  CHECK(progress.front() == std::pair<std::int64_t, std::int64_t>{0, 1});
  CHECK(progress.back() == std::pair<std::int64_t, std::int64_t>{1, 4});
  CHECK(cache.counts().computed == 8);
  check_same(trained(afd::Cached(), source), expected);
  afd::Prefetch ahead{afd::with_cached<0, 2>(augmented(), cache)};
  check_same(trained(afd::Cached(), ahead), expected);
  afd::BasicAnySource any{
      afd::with_cached<0, 2>(afd::AnySource(std::make_shared<afd::Prefetch<Loader>>(augmented())), cache)};
  check_same(trained(afd::Cached(), any), expected);
  CHECK(cache.counts().computed == 8);
  source.fill(3);
  CHECK(cache.counts().computed == 12);
}

TEST_CASE("an epoch that is entered half-way has the same batches") {
  const TempFolder folder;
  Probe teacher = trained_teacher();
  const Cache cache{folder.path() / "cache", teacher};
  auto source = afd::with_cached<0, 2>(augmented(), cache);
  CHECK(afd::can_resume_epoch(source));
  CHECK(afd::batch_count(source) == 4);
  CHECK(afd::fingerprint(source) == afd::fingerprint(augmented()));
  CHECK(source.device() == torch::kCPU);
  using Made = WithCached::Made;
  std::vector<Made> whole, rest;
  source.start_epoch(1);
  for (const auto& batch : source) whole.push_back(batch);
  source.start_epoch(1, 2);
  for (const auto& batch : source) rest.push_back(batch);
  REQUIRE(whole.size() == 4);
  REQUIRE(rest.size() == 2);
  const auto logits = [](const Made& batch) { return std::get<0>(batch.inputs.each).outputs().logits; };
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(torch::equal(logits(rest[i]), logits(whole[i + 2])));
    CHECK(torch::equal(std::get<1>(rest[i].inputs.each), std::get<1>(whole[i + 2].inputs.each)));
    CHECK(torch::equal(rest[i].targets, whole[i + 2].targets));
  }
  CHECK(torch::equal(logits(source.batch(3)), logits(whole[3])));
  CHECK(std::get<0>(source.batch(3).inputs.each).sample_count() == 4);
  CHECK(cache.counts().computed == 4);
}

TEST_CASE("a source that is const, and one epoch of a loader, are walked as they are") {
  const TempFolder folder;
  Probe teacher = trained_teacher();
  const Cache cache{folder.path() / "cache", teacher};
  const auto loader = augmented();
  const auto epoch = afd::with_cached<0, 2>(loader.epoch(1), cache);
  std::int64_t count = 0;
  for (int walk = 0; walk < 2; ++walk) {
    for (const auto& batch : epoch) {
      const Tensor expected = loader.epoch(1).batch(count % 4).inputs;
      CHECK(torch::equal(std::get<1>(batch.inputs.each), expected));
      CHECK(torch::equal(std::get<0>(batch.inputs.each).outputs().logits,
                         afd::run(afd::frozen(teacher), expected).logits));
      ++count;
    }
  }
  CHECK(count == 8);
  CHECK(cache.counts().computed == 4);
  // A loop over a loader goes on to the next epoch by itself, and so does one over this.
  auto source = afd::with_cached<0, 2>(augmented(), cache);
  for (const std::int64_t expected : {0, 1, 2}) {
    const auto first = *source.begin();
    CHECK(torch::equal(std::get<1>(first.inputs.each), loader.epoch(expected).batch(0).inputs));
  }
}

TEST_CASE("a trainer that is stopped in an epoch and goes on ends as one that was not, scores included") {
  const TempFolder folder;
  Probe teacher = trained_teacher();
  const auto run = [&](const char* name, bool with_cache, std::vector<int> stops) {
    std::vector<Tensor> state;
    std::vector<double> top1;
    for (const int stop : stops) {
      torch::manual_seed(7);
      Probe student;
      const auto fit = [&](auto distiller, auto train, auto test) {
        afd::Trainer trainer{distiller,
                             afd::TrainerOptions{.epochs = 3, .checkpoint = {.folder = folder.path() / name}}};
        static_cast<void>(trainer.fit(train, test, afd_test::StopAfter{stop}));
        top1 = {distiller.evaluate(test).networks[0].top1, distiller.evaluate(test).networks[1].top1};
      };
      if (with_cache) {
        const Cache cache{folder.path() / "cache", teacher};
        fit(afd::Distiller{afd::topology::OneWay{}, Recipe{}, afd::Cached(), student},
            afd::with_cached<0, 2>(augmented(), cache), afd::with_cached<0, 2>(afd_test::test_source(), cache));
      } else {
        fit(afd::Distiller{afd::topology::OneWay{}, Recipe{}, afd::frozen(teacher), student}, augmented(),
            afd_test::test_source());
      }
      state = afd_test::state_of(*student);
    }
    return std::pair{state, top1};
  };
  const auto expected = run("real", false, {0}), once = run("once", true, {0}),
             stopped = run("stopped", true, {3, 4, 0});
  REQUIRE(once.first.size() == expected.first.size());
  for (std::size_t i = 0; i < expected.first.size(); ++i) {
    CHECK(torch::equal(once.first[i], expected.first[i]));
    CHECK(torch::equal(stopped.first[i], expected.first[i]));
  }
  CHECK(once.second == expected.second);
  CHECK(stopped.second == expected.second);
}

TEST_CASE("another source is never given what was computed for the first") {
  const TempFolder folder;
  Probe teacher = trained_teacher();
  const Cache cache{folder.path() / "cache", teacher};
  {
    auto source = afd::with_cached<0, 2>(augmented(), cache);
    static_cast<void>(trained(afd::Cached(), source));
  }
  const auto check = [&](auto loader, auto same_loader, std::int64_t computed) {
    const Trained expected = trained(afd::frozen(teacher), loader);
    auto source = afd::with_cached<0, 2>(std::move(same_loader), cache);
    check_same(trained(afd::Cached(), source), expected);
    CHECK(cache.counts().computed == computed);
  };
  check(augmented(5), augmented(5), 16);
  check(plain(4), plain(4), 24);  // another transform, which the loader's fingerprint does not tell
  check(augmented(4), augmented(4), 24);
}

TEST_CASE("by the sample, data that is not augmented takes one epoch of the teacher") {
  const TempFolder folder;
  Probe teacher = trained_teacher();
  const afd::TeacherCache cache{folder.path() / "cache", teacher, {.by = afd::CacheBy::sample}};
  auto loader = plain();
  const Trained expected = trained(afd::frozen(teacher), loader);
  auto source = afd::with_cached<0, 2>(plain(), cache);
  const Trained found = trained(afd::Cached(), source);
  CHECK(cache.counts().kept == 22);
  CHECK(cache.counts().computed == 4);
  for (std::size_t i = 0; i < expected.state.size(); ++i) {
    CHECK(torch::allclose(found.state[i], expected.state[i], 1e-9, 1e-12));
  }
}

TEST_CASE("networks may take views of their own, and there may be several cached teachers") {
  const TempFolder folder;
  Probe teacher = trained_teacher(), other = trained_teacher();
  {
    const torch::NoGradGuard no_grad;
    other->head->weight.mul_(2);
  }
  const auto views = [] {
    return afd::BatchLoader(afd_test::images(22), {.batch_size = 6, .seed = 4},
                            afd::MakeViews{ToDouble{}, afd::Compose{afd::PadCrop{2}, ToDouble{}}, ToDouble{}});
  };
  using Top = afd::topology::Graph<3, afd::topology::Edge{0, 2}, afd::topology::Edge{1, 2}>;
  const auto two = [](auto first, auto second, auto source) {
    torch::manual_seed(3);
    Probe student;
    afd::Distiller distiller{Top{}, Recipe{}, first, second, student};
    for (auto&& batch : source) static_cast<void>(distiller.step(batch));
    return afd_test::state_of(*student);
  };
  const auto expected = two(afd::frozen(teacher), afd::frozen(other), views());
  const Cache of_first{folder.path() / "first", teacher}, of_second{folder.path() / "second", other};
  const auto found =
      two(afd::Cached(), afd::Cached(), afd::with_cached<1, 3>(afd::with_cached<0, 3>(views(), of_first), of_second));
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(torch::equal(found[i], expected[i]));
  const auto one = two(afd::Cached(), afd::frozen(other), afd::with_cached<0, 3>(views(), of_first));
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(torch::equal(one[i], expected[i]));
  CHECK(of_first.counts().computed == 4);
  CHECK(of_second.counts().computed == 4);
}

TEST_SUITE_END();
