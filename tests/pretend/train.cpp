// SPDX-License-Identifier: MIT
// Trainings and evaluations on an accelerator that is pretended: numbers, waits, and going on after a stop.
#include <cmath>
#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/prefetch.hpp>
#include <afd/observe/dense_classification.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/observe/multi_label.hpp>
#include <afd/observe/regression.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"
#include "support/pretend_device.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("pretend");

namespace {

constexpr std::int64_t classes = 6;

afd::PlainCnn network(torch::Device device, std::int64_t width = 6) {
  afd::PlainCnn net(afd::PlainCnnOptions{.widths = {4, width}, .classes = classes});
  net->to(device, torch::kDouble);
  return net;
}

std::vector<afd::Batch> batches_on(torch::Device device, std::int64_t count = 3) {
  torch::manual_seed(8);
  std::vector<afd::Batch> all;
  for (std::int64_t b = 0; b < count; ++b) {
    const torch::Tensor images = torch::randn({7, 1, 8, 8}, torch::kDouble);
    all.push_back({images.to(device), torch::randint(classes, {7}, torch::kInt64).to(device)});
  }
  return all;
}

/// What a score comes to of the same networks on both devices.
template <class S, class Targets>
void check_same_score(const S& score, const Targets& targets_of, double tolerance, std::int64_t waits_of_batch) {
  torch::manual_seed(1);
  auto a = network(torch::kCPU), b = network(torch::kCPU, 5);
  std::vector<afd::Batch> here = batches_on(torch::kCPU), there;
  for (afd::Batch& batch : here) {
    batch.targets = targets_of(batch.targets);
    there.push_back({batch.inputs.to(pretend::device()), batch.targets.to(pretend::device())});
  }
  const auto on_cpu = afd::evaluate(here, score, a, b);
  a->to(pretend::device());
  b->to(pretend::device());
  auto on_device = on_cpu;
  const pretend::Counts counts = pretend::counted([&] { on_device = afd::evaluate(there, score, a, b); });
  for (const auto& column : S::columns) {
    for (std::size_t k = 0; k < 2; ++k) {
      CHECK(std::fabs(on_cpu.networks[k].*column.value - on_device.networks[k].*column.value) <= tolerance);
    }
    CHECK(std::fabs(on_cpu.ensemble.*column.value - on_device.ensemble.*column.value) <= tolerance);
  }
  // One for the inputs of all batches.
  const std::int64_t in_walk = static_cast<std::int64_t>(there.size()) * waits_of_batch + 1;
  const pretend::Counts one_more = [&] {
    there.push_back(there.back());
    return pretend::counted([&] { on_device = afd::evaluate(there, score, a, b); });
  }();
  CHECK(one_more.wait_total() - counts.wait_total() == waits_of_batch);
  CHECK(counts.wait_total() >= in_walk);
  CHECK(counts.copies_in == 0);
}

template <class Source>
auto trained(Source& source, torch::Device device, const std::filesystem::path& folder, int stop_after) {
  torch::manual_seed(6);
  auto a = network(device), b = network(device, 5);
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const afd::TrainerOptions options{
      .epochs = 3, .checkpoint = {.folder = folder, .every_steps = 1, .say = [](const std::string&) {}}};
  const auto result =
      afd::Trainer{distiller, options}.fit(source, batches_on(device, 2), afd_test::StopAfter{stop_after});
  return std::pair{result, distiller.state()};
}

afd::TensorDataset bytes() {
  torch::manual_seed(3);
  return {torch::randint(256, {20, 1, 8, 8}, torch::kUInt8), torch::arange(20, torch::kInt64).remainder(classes)};
}

}  // namespace

TEST_CASE("an evaluation waits once for each batch, whatever the number of networks, and gives the same numbers") {
  check_same_score(afd::Classification{}, [](const torch::Tensor& labels) { return labels; }, 1e-12, 1);
  const auto numbers = [](const torch::Tensor& labels) { return torch::one_hot(labels, classes).to(torch::kDouble); };
  check_same_score(afd::Regression{}, numbers, 1e-12, 1);
  check_same_score(afd::MultiLabel{}, numbers, 1e-12, 1);
}

TEST_CASE("segmentation is counted there without a wait for how many classes there are") {
  const torch::Tensor cells = torch::tensor({0, 3, 3, 5, 0, 0}, torch::kInt64).to(pretend::device());
  torch::Tensor counts;
  CHECK(pretend::counted([&] { counts = afd::detail::counted(cells, 7); }).wait_total() == 0);
  CHECK(torch::equal(counts.cpu(), afd::detail::counted(cells.cpu(), 7)));
  CHECK(counts.cpu()[3].item<int>() == 2);
}

TEST_CASE("inputs that are not finite are told in the end; labels out of range at once") {
  auto a = network(pretend::device());
  std::vector<afd::Batch> all = batches_on(pretend::device());
  all[1].inputs[0].fill_(std::nan(""));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::evaluate(all, a)), doctest::Contains("a batch's inputs hold NaN"),
                       afd::DataError);
  all = batches_on(pretend::device());
  all[1].targets[2] = classes;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::evaluate(all, a)), doctest::Contains("label 6 is out of range"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::evaluate(batches_on(torch::kCPU), a)),
                       doctest::Contains("network 0: the batch's inputs are on cpu, but it is on privateuseone:0"),
                       afd::DataError);
  const pretend::Failing full(pretend::Fault::out_of_memory, 1, "aten::convolution");
  CHECK_THROWS_AS(static_cast<void>(afd::evaluate(batches_on(pretend::device()), a)), afd::OutOfMemoryError);
}

TEST_CASE("how games stand is read once for each edge") {
  auto a = network(pretend::device()), b = network(pretend::device());
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const std::vector<afd::Batch> all = batches_on(pretend::device());
  distiller.step(all[0]);
  std::vector<afd::GameHealth> games;
  CHECK(pretend::counted([&] { games = distiller.game_health(all); }).wait_total() == 2 * 2);
  CHECK(games.size() == 2);
}

TEST_CASE("a training there is that on the CPU, and goes on to the same bits wherever it was stopped") {
  const afd_test::TempFolder folder;
  const afd::LoaderOptions options{.batch_size = 6, .seed = 4, .device = pretend::device()};
  const afd::Compose transform{afd::PadCrop{.padding = 1}, afd_test::ToDouble{}};
  afd::Prefetch train{afd::BatchLoader{bytes(), options, transform}};
  afd::BatchLoader here{bytes(), {.batch_size = 6, .seed = 4}, transform};
  const auto [on_cpu, state_here] = trained(here, torch::kCPU, folder.path() / "cpu", -1);
  const auto [whole, state] = trained(train, pretend::device(), folder.path() / "whole", -1);
  CHECK(whole.epochs == 3);
  const auto losses = whole.history.column("train_cross_entropy_0"),
             as_here = on_cpu.history.column("train_cross_entropy_0");
  REQUIRE(losses.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(losses[i] == doctest::Approx(as_here[i]).epsilon(1e-9));
  for (const int stop_after : {1, 3, 5}) {
    const auto part = folder.path() / std::to_string(stop_after);
    CHECK(trained(train, pretend::device(), part, stop_after).first.stop == afd::StopReason::callback);
    const auto [rest, again] = trained(train, pretend::device(), part, -1);
    CHECK(again.to_bytes() == state.to_bytes());
    CHECK(rest.last[0].scores == whole.last[0].scores);
  }
}

TEST_CASE("a trainer adds no wait to those of its steps but one for each epoch's losses") {
  auto a = network(pretend::device()), b = network(pretend::device());
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}}, a, b};
  std::vector<afd::Batch> train = batches_on(pretend::device(), 5);
  distiller.step(train[0]);
  const pretend::Counts counts =
      pretend::counted([&] { afd::Trainer{distiller, {.epochs = 2}}.fit(train, [](const auto&) {}); });
  CHECK(counts.wait_total() == 2 * 2);  // and one for what DeferNonFinite saw
  CHECK(counts.copies_in == 0);
}

TEST_CASE("a training whose device fails ends with the error and the checkpoint before it") {
  const afd_test::TempFolder folder;
  const afd::LoaderOptions options{.batch_size = 6, .seed = 4, .device = pretend::device()};
  afd::BatchLoader train{bytes(), options, afd_test::ToDouble{}};
  const auto [whole, state] = trained(train, pretend::device(), folder.path() / "whole", -1);
  {
    const pretend::Failing broken(pretend::Fault::broken, 40, "aten::convolution_backward");
    CHECK_THROWS_AS(trained(train, pretend::device(), folder.path() / "failed", -1), afd::DeviceError);
  }
  CHECK(trained(train, pretend::device(), folder.path() / "failed", -1).second.to_bytes() == state.to_bytes());
}

TEST_SUITE_END();
