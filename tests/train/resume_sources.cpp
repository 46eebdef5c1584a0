// SPDX-License-Identifier: MIT
// Trainings that go on from sources, layers and threads which draw random numbers or work ahead.
#include <afd/train/trainer.hpp>
//
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/compute/execution.hpp>
#include <afd/data/any_source.hpp>
#include <afd/data/prefetch.hpp>
#include <afd/network/extractor_head.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

namespace {

using afd_test::outcome;
using afd_test::PairRecipe;
using afd_test::Quiet;
using afd_test::StopAfter;
namespace fs = std::filesystem;

/// Trains two epochs of whatever make_source() gives; `stop` as in StopAfter.
template <class With, class MakeSource>
afd::Bytes train(const With& with, const MakeSource& make_source, const afd::CheckpointOptions& checkpoint, int stop,
                 std::uint64_t seed) {
  torch::manual_seed(seed);
  with([&](auto& distiller) {
    auto&& source = make_source();
    afd::Trainer{distiller, afd::TrainerOptions{.epochs = 2, .checkpoint = checkpoint}}.fit(source, StopAfter{stop});
  });
  return outcome(checkpoint.folder);
}

/// Stopped after each of `stops` steps and started again with other random numbers, it ends with the same bits.
template <class With, class MakeSource>
void check_resume(const With& with, const MakeSource& make_source, const std::vector<int>& stops,
                  std::int64_t every_steps = 0, bool asynchronous = false) {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const auto in = [&](const fs::path& name) {
    afd::CheckpointOptions checkpoint = quiet.options(folder.path() / name);
    checkpoint.every_steps = every_steps;
    checkpoint.asynchronous = asynchronous;
    return checkpoint;
  };
  const afd::Bytes whole = train(with, make_source, in("whole"), 0, 1);
  for (const int stop : stops) {
    CAPTURE(stop);
    const afd::CheckpointOptions parts = in(std::to_string(stop));
    CHECK(train(with, make_source, parts, stop, 1) != whole);
    CHECK(train(with, make_source, parts, 0, 99) == whole);
  }
}

/// A pair whose forwards draw random numbers.
struct DropoutRecipe {
  template <class Use>
  void operator()(const Use& use) const {
    const auto network = [](std::int64_t width) {
      auto made = afd::extractor_head(
          torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, width, 3).stride(2)),
                                torch::nn::BatchNorm2d(width), torch::nn::ReLU(), torch::nn::Dropout2d(0.3)),
          torch::nn::Linear(width, afd_test::tiny_classes));
      made->to(torch::kDouble);
      return made;
    };
    auto a = network(3), b = network(5);
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
    use(distiller);
  }
};

struct ThreadsRecipe {
  template <class Use>
  void operator()(const Use& use) const {
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                             afd::DistillerOptions{.execution = afd::PeerThreads{}}, a, b};
    use(distiller);
  }
};

/// Its sampler takes an order from LibTorch's generator at each begin(), its transform noise for each image.
auto torch_loader() {
  namespace data = torch::data;
  const auto noisy = [](data::TensorExample example) {
    const torch::Tensor label = (example.data.sum().abs() * 1000).to(torch::kInt64).remainder(afd_test::tiny_classes);
    return data::Example<>(example.data + 0.1 * torch::rand_like(example.data), label);
  };
  auto images = data::datasets::TensorDataset(torch::randn({15, 1, 8, 8}, torch::kDouble))
                    .map(data::transforms::Lambda<data::TensorExample, data::Example<>>(noisy))
                    .map(data::transforms::Stack<>());
  return data::make_data_loader<data::samplers::RandomSampler>(std::move(images),
                                                               data::DataLoaderOptions().batch_size(5));
}

}  // namespace

TEST_CASE("a torch DataLoader that shuffles by LibTorch's generator goes on to the bit, and so does dropout") {
  struct Loader {
    using Inner = decltype(torch_loader());
    Inner loader;
    auto begin() { return loader->begin(); }
    auto end() { return loader->end(); }
  };
  const auto make = [&] {
    const auto state = afd::detail::cpu_generator().get_state();
    torch::manual_seed(8);
    Loader made{torch_loader()};
    afd::detail::cpu_generator().set_state(state);
    return made;
  };
  check_resume(PairRecipe{}, make, {1, 2, 3, 4, 5});
  check_resume(DropoutRecipe{}, make, {2, 4});
}

TEST_CASE("a source that draws its order when it is told the epoch goes on to the bit") {
  struct Shuffled {
    std::vector<afd::Batch> batches;
    std::vector<afd::Batch> order{};
    void start_epoch(std::int64_t /*epoch*/) {
      order.clear();
      const torch::Tensor places = torch::randperm(static_cast<std::int64_t>(batches.size()));
      for (std::size_t i = 0; i < batches.size(); ++i) {
        order.push_back(batches[static_cast<std::size_t>(places[static_cast<std::int64_t>(i)].item<std::int64_t>())]);
      }
    }
    auto begin() { return order.begin(); }
    auto end() { return order.end(); }
  };
  torch::manual_seed(6);
  std::vector<afd::Batch> batches;
  for (int i = 0; i < 5; ++i) batches.push_back(afd_test::tiny_batch());
  check_resume(DropoutRecipe{}, [&] { return Shuffled{batches}; }, {1, 3, 5, 7, 9});
}

TEST_CASE("a source that has become shorter than what is trained already is told, and nothing is lost") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  struct Loader {  // of no known length, like a torch DataLoader
    std::vector<afd::Batch> batches;
    auto begin() { return batches.begin(); }
    auto end() { return batches.end(); }
    [[nodiscard]] std::optional<std::int64_t> batch_count() const { return std::nullopt; }
  };
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch(), afd_test::tiny_batch()};
  const auto of = [&](std::ptrdiff_t count) {
    return [&batches, count] { return Loader{{batches.begin(), batches.begin() + count}}; };
  };
  const afd::Bytes whole = train(PairRecipe{}, of(3), quiet.options(folder.path() / "whole"), 0, 1);
  const afd::Bytes part = train(PairRecipe{}, of(3), quiet.options(folder.path() / "parts"), 2, 1);
  CHECK_THROWS_WITH_AS(static_cast<void>(train(PairRecipe{}, of(1), quiet.options(folder.path() / "parts"), 0, 9)),
                       doctest::Contains("gave only 1 batches, but 2 of epoch 1 are trained"), afd::DataError);
  CHECK(outcome(folder.path() / "parts") == part);
  CHECK(train(PairRecipe{}, of(3), quiet.options(folder.path() / "parts"), 0, 9) == whole);
}

TEST_CASE("how often and how files are written may change between runs") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const afd::Bytes whole = train(PairRecipe{}, afd_test::train_source, quiet.options(folder.path() / "whole"), 0, 1);
  afd::CheckpointOptions parts = quiet.options(folder.path() / "parts");
  static_cast<void>(train(PairRecipe{}, afd_test::train_source, parts, 3, 1));
  parts.every_steps = 1;
  parts.every_epochs = 0;
  parts.asynchronous = true;
  parts.keep_last = 1;
  static_cast<void>(train(PairRecipe{}, afd_test::train_source, parts, 2, 9));
  parts.every_steps = 0;
  parts.asynchronous = false;
  CHECK(train(PairRecipe{}, afd_test::train_source, parts, 0, 99) == whole);
}

TEST_CASE("dropout goes on to the bit with sources that are entered half-way") {
  check_resume(DropoutRecipe{}, afd_test::train_source, {1, 3, 4, 6});
}

TEST_CASE("a source behind AnySource or Prefetch that cannot be entered half-way is walked to the place") {
  torch::manual_seed(6);
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch(), afd_test::tiny_batch()};
  CHECK_FALSE(afd::can_resume_epoch(afd::AnySource(batches)));
  check_resume(PairRecipe{}, [&] { return afd::AnySource(batches); }, {1, 3, 5});
  struct Ahead {
    std::shared_ptr<afd::Prefetch<afd::AnySource>> source;
    auto begin() { return source->begin(); }
    auto end() { return source->end(); }
    void start_epoch(std::int64_t epoch, std::int64_t batch) { source->start_epoch(epoch, batch); }
    [[nodiscard]] bool resumes_epochs() const { return source->resumes_epochs(); }
  };
  check_resume(PairRecipe{},
               [&] { return Ahead{std::make_shared<afd::Prefetch<afd::AnySource>>(afd::AnySource(batches))}; }, {1, 5});
}

TEST_CASE("made ahead, on threads, written asynchronously every other step: the same bits") {
  const auto make = [] {
    using Loader = decltype(afd_test::train_source());
    return afd::AnySource(std::make_shared<afd::Prefetch<Loader>>(afd_test::train_source()));
  };
  check_resume(ThreadsRecipe{}, make, {1, 2, 3, 5, 7}, 2, true);
}

TEST_CASE("another folder and another number of threads may go on") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  const afd::Bytes whole = train(PairRecipe{}, afd_test::train_source, quiet.options(folder.path() / "whole"), 0, 1);
  static_cast<void>(train(PairRecipe{}, afd_test::train_source, quiet.options(folder.path() / "parts"), 5, 1));
  fs::rename(folder.path() / "parts", folder.path() / "moved");
  const int threads = torch::get_num_threads();
  torch::set_num_threads(2);
  const afd::Bytes moved = train(PairRecipe{}, afd_test::train_source, quiet.options(folder.path() / "moved"), 0, 9);
  torch::set_num_threads(threads);
  CHECK(moved == whole);  // of networks so small that no operator divides its work
}

TEST_CASE("a signal during an evaluation ends it, and the evaluation is done again") {
  const afd_test::TempFolder folder;
  Quiet quiet;
  struct Raising {
    decltype(afd_test::test_source()) source = afd_test::test_source();
    int walks = 0, raise_in = 0;
    auto begin() {
      if (++walks == raise_in) std::raise(SIGTERM);
      static_cast<void>(torch::randperm(9));  // as LibTorch's random sampler does
      return source.begin();
    }
    auto end() { return source.end(); }
  };
  const auto run = [&](const fs::path& place, int raise_in, std::uint64_t seed) {
    torch::manual_seed(seed);
    afd::StopReason stop{};
    DropoutRecipe{}([&](auto& distiller) {
      Raising evaluation{.raise_in = raise_in};
      const auto result =
          afd::Trainer{distiller, afd::TrainerOptions{.epochs = 3, .checkpoint = quiet.options(place)}}.fit(
              afd_test::train_source(), evaluation);
      stop = result.stop;
    });
    return stop;
  };
  CHECK(run(folder.path() / "whole", 0, 1) == afd::StopReason::finished);
  CHECK(run(folder.path() / "parts", 2, 1) == afd::StopReason::signal);
  CHECK(afd::detail::CheckpointFolder(folder.path() / "parts").files().at(0).step == 8);
  CHECK(run(folder.path() / "parts", 0, 9) == afd::StopReason::finished);
  CHECK(outcome(folder.path() / "parts") == outcome(folder.path() / "whole"));
}

TEST_SUITE_END();
