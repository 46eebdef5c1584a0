// SPDX-License-Identifier: MIT
// Batches, trainings and evaluations on a card.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/prefetch.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "card/waits.hpp"
#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("card");

namespace {

constexpr std::int64_t classes = 4;
const torch::Device there(torch::kCUDA, 0);

const auto transform =
    afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}, afd::Normalize{.mean = {0.4}, .stddev = {0.2}}};

afd::TensorDataset bytes_on(torch::Device device) {
  torch::manual_seed(3);
  const torch::Tensor images = torch::randint(256, {60, 1, 8, 8}, torch::kUInt8);
  return {images.to(device), torch::arange(60, torch::kInt64).remainder(classes).to(device)};
}

/// With dropout, so that the card's random numbers count.
struct DroppingImpl : torch::nn::Module {
  DroppingImpl()
      : inner(register_module("inner", afd::PlainCnn(afd::PlainCnnOptions{.widths = {4, 6}, .classes = 4}))) {
    to(there);
  }
  afd::Outputs forward(const torch::Tensor& inputs) {
    return inner->forward(torch::dropout(inputs, 0.3, is_training()));
  }
  afd::PlainCnn inner;
};
TORCH_MODULE(Dropping);

/// The card's kernels sum in the same order every time.
struct Deterministic {
  Deterministic() { at::globalContext().setDeterministicCuDNN(true); }
  Deterministic(const Deterministic&) = delete;
  Deterministic& operator=(const Deterministic&) = delete;
  ~Deterministic() { at::globalContext().setDeterministicCuDNN(false); }
};

afd::StateDict trained(const std::filesystem::path& folder, int stop_after) {
  torch::manual_seed(6);
  Dropping a, b;
  afd::Prefetch train{
      afd::BatchLoader{bytes_on(torch::kCPU), {.batch_size = 16, .seed = 4, .device = there}, transform}};
  afd::BatchLoader test{bytes_on(torch::kCPU), {.batch_size = 20, .shuffle = false, .device = there}, transform};
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const afd::TrainerOptions options{
      .epochs = 3, .checkpoint = {.folder = folder, .every_steps = 1, .say = [](const std::string&) {}}};
  afd::Trainer{distiller, options}.fit(train, test, afd_test::StopAfter{stop_after});
  return distiller.state();
}

void check_same(const afd::Batch& one, const afd::Batch& here) {
  CHECK(one.inputs.device() == there);
  CHECK(one.targets.device() == there);
  // A multiplication and an addition may be one instruction there.
  CHECK(torch::allclose(one.inputs.cpu(), here.inputs, 1e-6, 1e-6));
  CHECK(torch::equal(one.targets.cpu(), here.targets));
}

}  // namespace

TEST_CASE("batches are those of the CPU, from bytes of the host, from a data set on the card, and made ahead") {
  const afd::LoaderOptions options{.batch_size = 7, .seed = 2};
  const afd::LoaderOptions to_card{.batch_size = 7, .seed = 2, .device = there};
  afd::BatchLoader here{bytes_on(torch::kCPU), options, transform};
  afd::BatchLoader sent{bytes_on(torch::kCPU), to_card, transform};
  afd::BatchLoader resident{bytes_on(there), options, transform};
  std::vector<afd::Batch> all;
  for (std::int64_t b = 0; b < here.batch_count(); ++b) {
    all.push_back(here.batch(b));
    check_same(sent.batch(b), all.back());
    check_same(resident.batch(b), all.back());
    if (!card::counts_waits) continue;
    CHECK(card::waits([&] { static_cast<void>(sent.batch(b)); }) == 0);
    CHECK(card::waits([&] { static_cast<void>(resident.batch(b)); }) == 0);
  }
  for (int epoch = 0; epoch < 3; ++epoch) {
    afd::Prefetch ahead{afd::BatchLoader{bytes_on(torch::kCPU), to_card, transform}, {.batches = 3}};
    std::size_t at = 0;
    for (const afd::Batch& batch : ahead) check_same(batch, all.at(at++));
    CHECK(at == all.size());
  }
}

TEST_CASE("nothing waits while batches are made ahead and steps are taken") {
  if (!card::counts_waits) return;
  Dropping a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}}, a, b};
  afd::Prefetch train{afd::BatchLoader{bytes_on(torch::kCPU), {.batch_size = 20, .device = there}, transform}};
  std::int64_t steps = 0;
  const auto walk = [&] {
    for (const afd::Batch& batch : train) {
      distiller.step(batch);
      ++steps;
    }
  };
  walk();
  CHECK_NOTHROW(card::without_waits(walk));
  CHECK(steps == 6);
}

TEST_CASE("an evaluation gives the numbers of the CPU, and waits once for each batch") {
  torch::manual_seed(1);
  const afd::PlainCnnOptions of_network{.widths = {4, 6}, .classes = classes};
  afd::PlainCnn a(of_network), b(of_network);
  a->to(torch::kDouble);
  b->to(torch::kDouble);
  std::vector<afd::Batch> here, on_card;
  for (int i = 0; i < 3; ++i) {
    here.push_back({torch::randn({9, 1, 8, 8}, torch::kDouble), torch::randint(classes, {9}, torch::kInt64)});
    on_card.push_back({here.back().inputs.to(there), here.back().targets.to(there)});
  }
  const auto expected = afd::evaluate(here, a, b);
  a->to(there);
  b->to(there);
  const auto found = afd::evaluate(on_card, a, b);
  for (std::size_t k = 0; k < 2; ++k) {
    CHECK(found.networks[k].top1 == doctest::Approx(expected.networks[k].top1));
    CHECK(found.networks[k].loss == doctest::Approx(expected.networks[k].loss).epsilon(1e-9));
  }
  if (!card::counts_waits) return;
  const std::int64_t waits = card::waits([&] { static_cast<void>(afd::evaluate(on_card, a, b)); });
  on_card.push_back(on_card.back());
  CHECK(card::waits([&] { static_cast<void>(afd::evaluate(on_card, a, b)); }) == waits + 1);
  CHECK(waits == 3 + 4);  // and four in the end, however many batches there are
}

TEST_CASE("a training with dropout goes on to the same bits wherever it was stopped") {
  const Deterministic deterministic;
  const afd_test::TempFolder folder;
  const afd::StateDict whole = trained(folder.path() / "whole", -1);
  CHECK(trained(folder.path() / "again", -1).to_bytes() == whole.to_bytes());
  for (const int stop_after : {1, 4, 7}) {
    const auto part = folder.path() / std::to_string(stop_after);
    trained(part, stop_after);
    CHECK(trained(part, -1).to_bytes() == whole.to_bytes());
  }
}

TEST_SUITE_END();
