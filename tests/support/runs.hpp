// SPDX-License-Identifier: MIT
#pragma once

// Small trainings in a folder of checkpoints: sources, a recipe, ways to stop them, and what is left in the end.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/checkpoint/checkpoint_folder.hpp>
#include <afd/data/augmentation.hpp>
#include <afd/data/batch_transform.hpp>
#include <afd/data/bytes.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/pad_crop.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/events.hpp>
#include <afd/train/trainer.hpp>

#include "support/tiny.hpp"

namespace afd_test {

/// Ends a training after so many of its steps in this process.
struct StopAfter {
  int left;
  template <class D>
  bool on_step(const afd::StepEvent<D>& /*event*/) {
    return --left != 0;
  }
};

inline afd::TensorDataset images(std::int64_t count) {
  torch::manual_seed(5);
  return {torch::randint(256, {count, 1, 8, 8}, torch::kUInt8),
          torch::arange(count, torch::kInt64).remainder(tiny_classes)};
}

/// In double precision, like the tiny networks.
struct ToDouble {
  torch::Tensor operator()(const torch::Tensor& inputs, const afd::CounterRng& /*rng*/) const {
    return inputs.to(torch::kDouble).div(255);
  }
};

inline auto train_source() {
  return afd::BatchLoader(images(22), {.batch_size = 6, .seed = 4}, afd::Compose{afd::PadCrop{2}, ToDouble{}});
}
inline auto test_source() {
  return afd::BatchLoader(images(9), {.batch_size = 5, .shuffle = false}, ToDouble{});
}

struct Quiet {
  std::vector<std::string> said;
  afd::CheckpointOptions options(const std::filesystem::path& folder) {
    return {.folder = folder, .say = [this](const std::string& text) { said.push_back(text); }};
  }
};

/// All of the newest checkpoint but times.
inline afd::Bytes outcome(const std::filesystem::path& folder) {
  const afd::StateDict state = afd::read_checkpoint(afd::detail::CheckpointFolder(folder).files().at(0).path);
  afd::StateDict rest;
  for (const auto& [key, value] : state.values()) {
    if (key == "trainer/seconds" || key == "trainer/epoch seconds" || key == "trainer/history") continue;
    rest.set(key, value);
  }
  return rest.to_bytes();
}

struct PairRecipe {
  static constexpr std::size_t networks = 2;
  template <class Use>
  void operator()(const Use& use) const {
    auto a = tiny_network(), b = tiny_network({4, 5});
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
    use(distiller);
  }
};

/// Trains three epochs of four steps in `folder`, stopping after `stop_after` steps if that is not 0.
template <class With>
auto train_in(const With& with, const afd::CheckpointOptions& checkpoint, int stop_after, std::uint64_t seed) {
  using Result = afd::TrainResult<With::networks>;
  std::optional<Result> result;
  torch::manual_seed(seed);
  with([&](auto& distiller) {
    afd::Trainer trainer{
        distiller, afd::TrainerOptions{.epochs = 3, .logit_schedule = afd::MultiStep{}, .checkpoint = checkpoint}};
    result = trainer.fit(train_source(), test_source(), StopAfter{stop_after});
  });
  return *result;
}

}  // namespace afd_test
